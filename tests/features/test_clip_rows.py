import tracemalloc
from pathlib import Path

import numpy as np

from wildaffect.core.clips import ClipSampling
from wildaffect.core.faces import FrameFaces, Status
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.clip_rows import BATCH_CLIPS, ClipRows
from wildaffect.features.clip_sets import ClipSet
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.records import Provenance

FROM = Provenance(content_sha256="c", preprocess_sha256="p", weights_sha256="w")
VIDEO = ExtractSource(video="clip", path=Path("clip.mp4"), images=None)
HALF = Preprocess(size_px=2, mean=(0.5,) * 3, std=(0.5,) * 3)


class Face:
    def __init__(self, track_id, value, size_px=1.0, status=Status.OK, side=2):
        self.track_id, self.status, self.face_size_px = track_id, status, size_px
        other = np.zeros((side, side, 3), np.uint8)
        self.crops = (other, np.full_like(other, value % 256))


def frame(index, *faces, live=()):
    return FrameFaces(
        frame_index=index, time_s=index / 10, faces=faces, live_ids=frozenset(live)
    )


def means_set(**sampling):
    """A set whose row is the mean of the first pixel of each crop, and its batches."""
    sizes = []

    def embed(clips):
        sizes.append(len(clips))
        means = [np.mean([crop[0, 0, 0] for crop in clip.crops]) for clip in clips]
        return np.array(means, np.float32)[:, None]

    made = ClipSet(
        name="means",
        columns=("mean",),
        start=lambda: embed,
        weights_sha256="w",
        preprocess=HALF,
        sampling=ClipSampling(num_frames=4, step_s=0.1, **sampling),
    )
    return (made, embed), sizes


def read(rows):
    found = {}
    for head, blocks in rows.tables(VIDEO, {"means": FROM}):
        values = [value for block in blocks for value in block[:, 0].tolist()]
        found[head.track] = (head.frame_number.tolist(), values)
        assert head.clips.num_frames == 4
    return found


def test_each_person_has_clips_of_their_own_crops(tmp_path):
    started, sizes = means_set(stride=2)
    with ClipRows(started, tmp_path, crop=1, is_crops=False) as rows:
        for index in range(12):
            faces = [Face(7, index)] if index < 8 else []
            faces.append(Face(9, 100 + index))
            rows.add(frame(index, *faces, live={9, *([7] if index < 8 else [])}))
        found = read(rows)
    assert found["7"] == ([2, 4, 6], [1.5, 3.5, 5.5])
    assert found["9"] == ([2, 4, 6, 8, 10], [101.5, 103.5, 105.5, 107.5, 109.5])
    assert rows.num_clips == 8
    assert sizes == [BATCH_CLIPS] * 2


def test_interpolated_faces_are_not_in_clips_and_the_largest_of_a_crop_is(tmp_path):
    started, _ = means_set(stride=2)
    with ClipRows(started, tmp_path, crop=1, is_crops=True) as rows:
        for index in range(4):
            rows.add(frame(index, Face(index, 3), Face(9, 5, size_px=9.0)))
            rows.add(frame(100 + index, Face(1, 99, status=Status.INTERPOLATED)))
        assert read(rows) == {"0": ([2], [5.0])}


def test_a_video_without_a_clip_has_one_empty_track(tmp_path):
    started, _ = means_set()
    with ClipRows(started, tmp_path, crop=1, is_crops=False) as rows:
        rows.add(frame(0, Face(3, 0), live={3}))
        assert read(rows) == {"0": ([], [])}
    assert (rows.num_clips, rows.num_short) == (0, 1)


def test_memory_holds_one_clip_per_person_whatever_the_length(tmp_path):
    started, _ = means_set(stride=4)
    peaks = []
    for num_frames in (300, 3_000):
        tracemalloc.start()
        with ClipRows(started, tmp_path, crop=1, is_crops=False) as rows:
            for index in range(num_frames):
                # people of 20 frames each: those who left must not stay in memory
                rows.add(
                    frame(index, Face(index // 20, index, side=64), live={index // 20})
                )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2e5


def test_another_sampling_is_another_feature(tmp_path):
    (one, _), _ = means_set(stride=2)
    (other, _), _ = means_set(stride=4)
    assert one.provenance("c") != other.provenance("c")
    assert one.provenance("c") == means_set(stride=2)[0][0].provenance("c")
