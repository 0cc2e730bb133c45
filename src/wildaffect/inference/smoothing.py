"""A Gaussian over time, for rows that are still arriving."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

REACH_SD = 3.0
"""Neighbours further away than so many standard deviations do not count."""


class StreamingSmoother:
    """Smooths each column with its own width, over times and not over rows.

    A row comes back once every neighbour within reach was seen; at the ends of a track the
    weights of the missing side are left out, so a constant stays what it is.

    Args:
        sd_s: Standard deviation of each column in seconds, shape (K,); 0 leaves it as is.
    """

    def __init__(self, sd_s: NDArray[np.float64]) -> None:
        self._sd_s = sd_s
        self._reach_s = REACH_SD * float(sd_s.max(initial=0.0))
        self._rows: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._num_done = 0
        """Rows at the left that were given back, kept as neighbours of later ones."""

    def push(self, time_s: float, row: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Take the next row, shape (K,); return those that are now final, in order."""
        if self._reach_s == 0:
            return [row]
        self._rows.append((time_s, row))
        return self._give_back(time_s - self._reach_s)

    def finish(self) -> list[NDArray[np.float32]]:
        """Return the rows that were still held."""
        done = self._give_back(np.inf)
        self._rows.clear()
        self._num_done = 0
        return done

    def _give_back(self, until_s: float) -> list[NDArray[np.float32]]:
        done = []
        while self._num_done < len(self._rows) and self._rows[self._num_done][0] <= until_s:
            done.append(self._smooth(self._rows[self._num_done][0]))
            self._num_done += 1
            oldest_needed = (
                self._rows[min(self._num_done, len(self._rows) - 1)][0] - self._reach_s
            )
            while self._num_done and self._rows[0][0] < oldest_needed:
                self._rows.popleft()
                self._num_done -= 1
        return done

    def _smooth(self, time_s: float) -> NDArray[np.float32]:
        times = np.array([time for time, _ in self._rows])
        values = np.stack([value for _, value in self._rows])
        away = (times - time_s)[:, None]
        width = np.maximum(self._sd_s, 1e-6)
        weights = np.exp(-0.5 * (away / width) ** 2) * (np.abs(away) <= REACH_SD * width)
        return ((weights * values).sum(0) / weights.sum(0)).astype(np.float32)
