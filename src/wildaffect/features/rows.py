"""Rows of one video while it is read, in bounded memory.

Faces of all tracks are batched; their features are kept in an unnamed file until the video
has ended. Symbols: T rows of a track, N faces, D columns.
"""

import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, FrameFaces, Status
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.numbers import Blocks, not_written
from wildaffect.features.records import Provenance, TableHead
from wildaffect.features.sets import Started, rows_of_faces

BATCH_FACES = 64
"""Batch size of faces to embed; no other face of a video is in memory."""

_BLOCK_ROWS = 256


@dataclass(slots=True)
class _Track:
    """Rows of a track; 24 bytes each, the only data that grows with a video."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    positions: "array[int]" = field(default_factory=lambda: array("q"))
    """Positions of its rows among all rows of the video, ascending."""


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
        self._spools = [_Spool(folder, len(feature_set.columns)) for feature_set, _ in sets]
        self._waiting: list[FaceObservation] = []
        self._tracks: dict[str, _Track] = {}
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
        faces = [face for face in seen.faces if face.status != Status.INTERPOLATED]
        self.num_frames += 1
        self.num_faceless += not faces
        if self._is_crops and faces:
            faces = [max(faces, key=lambda face: face.face_size_px)]
        for face in faces:
            name = "0" if self._is_crops else str(face.track_id)
            track = self._tracks.setdefault(name, _Track())
            track.numbers.append(seen.frame_index)
            track.times_s.append(seen.time_s)
            track.positions.append(self.num_faces)
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
        tracks = self._tracks or {"0": _Track()}
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


class _Spool:
    """Rows of one feature set in order of arrival, in an unnamed file."""

    def __init__(self, folder: Path, num_columns: int) -> None:
        self._folder, self._num_columns = folder, num_columns
        try:
            self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise not_written(folder, error) from error

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()

    def add(self, rows: NDArray[np.float32]) -> None:
        """Append rows, shape (N, D)."""
        try:
            self._file.write(np.ascontiguousarray(rows, dtype=np.float32).tobytes())
            self._file.flush()
        except OSError as error:
            raise not_written(self._folder, error) from error

    def blocks(self, positions: NDArray[np.int64]) -> Blocks:
        """Yield the rows at these positions, a block at a time."""
        for start in range(0, len(positions), _BLOCK_ROWS):
            wanted = positions[start : start + _BLOCK_ROWS]
            ends = np.flatnonzero(np.diff(wanted) != 1) + 1
            yield np.concatenate([self._read(run) for run in np.split(wanted, ends)])

    def _read(self, run: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return consecutive rows."""
        row_bytes = 4 * self._num_columns
        data = os.pread(self._file.fileno(), row_bytes * len(run), row_bytes * int(run[0]))
        return np.frombuffer(data, np.float32).reshape(len(run), self._num_columns)
