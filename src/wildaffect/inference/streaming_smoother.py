"""Smoothing of a stream of rows, with the same values as `smoothing.smooth`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.windows import TIME_TOLERANCE_S
from wildaffect.inference.smoothing import SmoothingKind, reach_s, weights

Vector = NDArray[np.float32]


class StreamingSmoother:
    """Smooths groups of columns, each with its own kind, over times and not over rows.

    A row is returned once all later rows within reach have arrived: immediately if all
    kinds are causal. Only the rows within reach are buffered.

    Args:
        kinds: Columns and how they are smoothed; other columns are not smoothed.
    """

    def __init__(self, kinds: Sequence[tuple[slice, SmoothingKind]]) -> None:
        self._columns: dict[SmoothingKind, NDArray[np.int64]] = {}
        for columns, kind in kinds:
            more = np.arange(columns.start, columns.stop)
            known = self._columns.get(kind, more[:0])
            self._columns[kind] = np.concatenate([known, more])
        reaches = [reach_s(kind) for kind in self._columns]
        self._past_s = max((past for past, _ in reaches), default=0.0)
        self._future_s = max((future for _, future in reaches), default=0.0)
        self._clear()

    def _clear(self) -> None:
        self._times: NDArray[np.float64] = np.zeros(0)
        self._rows: Vector = np.zeros((0, 0), np.float32)
        self._num_done = 0
        """Number of first rows that were returned, kept as neighbors of later rows."""

    @property
    def num_held(self) -> int:
        """Number of buffered rows, returned or not."""
        return len(self._times)

    def push(self, time_s: float, row: Vector) -> list[Vector]:
        """Add the next row, shape (K,), and return those that are now final, in order."""
        if not self._columns:
            return [row]
        held = self._rows if self.num_held else self._rows.reshape(0, len(row))
        self._times = np.append(self._times, time_s)
        self._rows = np.concatenate([held, row[None]])
        wait_s = self._future_s + TIME_TOLERANCE_S if self._future_s else 0.0
        return self._give_back(time_s - wait_s)

    def finish(self) -> list[Vector]:
        """Return the buffered rows."""
        done = self._give_back(np.inf)
        self._clear()
        return done

    def _give_back(self, until_s: float) -> list[Vector]:
        first = self._num_done
        num_final = int(np.searchsorted(self._times, until_s, side="right"))
        self._num_done = max(first, num_final)
        done = [self._smooth(row) for row in range(first, self._num_done)]
        self._forget()
        return done

    def _smooth(self, row: int) -> Vector:
        smoothed = self._rows[row].copy()
        for kind, columns in self._columns.items():
            share = weights(kind, self._times - self._times[row])
            smoothed[columns] = (share @ self._rows[:, columns]) / share.sum()
        return smoothed

    def _forget(self) -> None:
        """Drop rows out of reach of all rows that are not yet returned."""
        if not self._num_done:
            return
        oldest_s = self._times[min(self._num_done, self.num_held - 1)] - self._past_s
        num_old = int(np.searchsorted(self._times, oldest_s - 2 * TIME_TOLERANCE_S))
        num_old = min(num_old, self._num_done)
        self._times, self._rows = self._times[num_old:], self._rows[num_old:]
        self._num_done -= num_old
