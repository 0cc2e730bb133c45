"""Rows of one video while it is read, in bounded memory.

Faces of all tracks are batched; their features are kept in an unnamed file until the video
has ended. Symbols: T rows of a track, N faces, D columns.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from wildaffect.core.faces import FaceObservation, FrameFaces, Status
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.numbers import Blocks
from wildaffect.features.records import Provenance, TableHead
from wildaffect.features.sets import Started, rows_of_faces
from wildaffect.features.spool import Spool, TrackRows

BATCH_FACES = 64
"""Batch size of faces to embed; no other face of a video is in memory."""


def faces_to_read(seen: FrameFaces, *, is_crops: bool) -> list[tuple[str, FaceObservation]]:
    """Return the faces of a frame that were not interpolated, with their tracks.

    Args:
        seen: Faces of the frame.
        is_crops: True if the frame is a crop: the largest face is that of track 0.
    """
    faces = [face for face in seen.faces if face.status != Status.INTERPOLATED]
    if is_crops and faces:
        return [("0", max(faces, key=lambda face: face.face_size_px))]
    return [(str(face.track_id), face) for face in faces]


class VideoRows:
    """Collects the faces of a video frame by frame and returns tables at its end.

    Args:
        sets: Feature sets with their functions.
        folder: Folder of the unnamed temporary files.
        is_crops: True if each frame is a crop: only its largest face is used, all in one
            track.
    """

    def __init__(self, sets: Sequence[Started], folder: Path, *, is_crops: bool) -> None:
        self._sets, self._is_crops = sets, is_crops
        self._spools = [Spool(folder, len(feature_set.columns)) for feature_set, _ in sets]
        self._waiting: list[FaceObservation] = []
        self._tracks: dict[str, TrackRows] = {}
        self.num_frames = 0
        self.num_faceless = 0
        self.num_faces = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for spool in self._spools:
            spool.close()

    @property
    def num_tracks(self) -> int:
        """Number of tracks with a row."""
        return len(self._tracks)

    def add(self, seen: FrameFaces) -> None:
        """Add the faces that were not interpolated; of a crop only the largest.

        Raises:
            OutputError: If the disk is full.
        """
        faces = faces_to_read(seen, is_crops=self._is_crops)
        self.num_frames += 1
        self.num_faceless += not faces
        for name, face in faces:
            rows = self._tracks.setdefault(name, TrackRows())
            rows.add(seen.frame_index, seen.time_s, self.num_faces)
            self.num_faces += 1
            self._waiting.append(face)
            if len(self._waiting) == BATCH_FACES:
                self._embed()

    def tables(
        self, job: ExtractSource, origins: dict[str, Provenance]
    ) -> Iterator[tuple[TableHead, Blocks]]:
        """Yield the tracks to store; a video without any face has one empty track.

        Raises:
            OutputError: If the disk is full.
        """
        if self._waiting:
            self._embed()
        tracks = self._tracks or {"0": TrackRows()}
        for name, track in tracks.items():
            positions = np.array(track.positions, dtype=np.int64)
            for (one, _), spool in zip(self._sets, self._spools, strict=True):
                head = TableHead(
                    feature_set=one.name,
                    video=job.video,
                    track=name,
                    columns=one.columns,
                    frame_number=np.array(track.numbers, dtype=np.int64),
                    time_s=np.array(track.times_s, dtype=np.float64),
                    provenance=origins[one.name],
                    num_tracks=len(tracks),
                    numbering=job.numbering,
                    time_is_guessed=job.images is not None,
                )
                yield head, spool.blocks(positions)

    def _embed(self) -> None:
        rows = rows_of_faces(self._sets, self._waiting)
        for values, spool in zip(rows, self._spools, strict=True):
            spool.add(values)
        self._waiting = []
