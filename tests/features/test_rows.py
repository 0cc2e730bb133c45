import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from wildaffect.core.errors import OutputError
from wildaffect.core.faces import FrameFaces, Status
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.records import Provenance
from wildaffect.features.rows import BATCH_FACES, VideoRows
from wildaffect.features.sets import FeatureSet

FROM = Provenance(content_sha256="c", preprocess_sha256="none", weights_sha256="w")
VIDEO = ExtractSource(video="clip", path=Path("clip.mp4"), images=None)


class Face:
    def __init__(self, track_id, value, size_px=1.0, status=Status.OK):
        self.track_id, self.value, self.status = track_id, value, status
        self.face_size_px = size_px


def frame(index, *faces):
    return FrameFaces(
        frame_index=index, time_s=index / 25, faces=faces, live_ids=frozenset()
    )


def values_set(num_columns=2):
    """A set whose rows repeat a face's value, and the sizes of the batches it was given."""
    sizes = []

    def embed(faces):
        sizes.append(len(faces))
        values = np.array([face.value for face in faces], np.float32)
        return np.repeat(values[:, None], num_columns, axis=1)

    columns = tuple(f"c{column}" for column in range(num_columns))
    one = FeatureSet(
        name="values", columns=columns, start=lambda: embed, weights_sha256="w"
    )
    return (one, embed), sizes


def read(rows):
    return {
        head.track: (head.frame_number.tolist(), np.concatenate([*blocks])[:, 0].tolist())
        for head, blocks in rows.tables(VIDEO, {"values": FROM})
    }


def test_rows_of_people_who_come_and_go_return_to_their_own_track(tmp_path):
    pair, sizes = values_set()
    with VideoRows([pair], tmp_path, is_crops=False) as rows:
        for index in range(100):
            faces = [Face(7, index)] if index < 60 else []
            if index % 3 == 0:
                faces.append(Face(9, 1000 + index))
            rows.add(frame(index, *faces))
        found = read(rows)
    thirds = list(range(0, 100, 3))
    assert found["7"] == (list(range(60)), [float(index) for index in range(60)])
    assert found["9"] == (thirds, [1000.0 + index for index in thirds])
    # people share batches, so that only the last one of a video is not full
    assert sizes == [BATCH_FACES, 60 + len(thirds) - BATCH_FACES]


def test_the_largest_face_of_a_crop_counts_and_faces_in_between_do_not(tmp_path):
    pair, _ = values_set()
    with VideoRows([pair], tmp_path, is_crops=True) as rows:
        rows.add(frame(4, Face(1, 1.0), Face(2, 2.0, size_px=9.0)))
        rows.add(frame(5, Face(3, 3.0, status=Status.INTERPOLATED)))
        assert (rows.num_frames, rows.num_faces, rows.num_faceless) == (2, 1, 1)
        assert read(rows) == {"0": ([4], [2.0])}


def test_memory_does_not_grow_with_the_rows_of_a_video(tmp_path):
    pair, _ = values_set(num_columns=1500)
    peaks = []
    for num_frames in (2_000, 20_000):  # 12 and 120 MB of rows
        tracemalloc.start()
        with VideoRows([pair], tmp_path, is_crops=False) as rows:
            for index in range(num_frames):
                rows.add(frame(index, Face(0, index)))
            for _, blocks in rows.tables(VIDEO, {"values": FROM}):
                assert sum(len(block) for block in blocks) == num_frames
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3e6


def test_rows_that_find_no_room_are_reported_with_the_folder(tmp_path):
    with pytest.raises(OutputError, match="nowhere: features cannot be written: No such"):
        VideoRows([values_set()[0]], tmp_path / "nowhere", is_crops=False)
