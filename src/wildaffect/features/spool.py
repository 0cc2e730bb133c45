"""Rows of one video on the disk until it has ended, in the order of arrival.

Symbols: N rows, D columns.
"""

import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from wildaffect.features.numbers import Blocks, not_written

_BLOCK_ROWS = 256


@dataclass(slots=True)
class TrackRows:
    """Rows of a track; 24 bytes each, the only data that grows with a video."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    positions: "array[int]" = field(default_factory=lambda: array("q"))
    """Positions of its rows among all rows of the video, ascending."""

    def add(self, number: int, time_s: float, position: int) -> None:
        """Add a row."""
        self.numbers.append(number)
        self.times_s.append(time_s)
        self.positions.append(position)


class Spool:
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
