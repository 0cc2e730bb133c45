"""Models trained at another rate than the video's: input subsampled, output interpolated.

Symbols: T rows, M kept rows, D features, K outputs.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.streaming import Finished, Floats
from wildaffect.core.windows import FloatArray

Index = NDArray[np.int64]

EARLY_RATIO = 0.1
"""Tolerance, as a share of a step, for rows that are slightly early: time stamps jitter."""


class Stream(Protocol):
    """Consumer of rows that returns each row once, in order."""

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows and return those that are now final."""
        ...

    def flush(self) -> Finished:
        """End the sequence and return the buffered rows."""
        ...


def kept_rows(times_s: FloatArray, rate_hz: float, *, last_s: float = -np.inf) -> Index:
    """Return the indices of rows about 1 / rate apart, from the first on, shape (M,).

    Args:
        times_s: Strictly ascending, shape (T,).
        rate_hz: Rows per second, positive.
        last_s: Time of the row that was kept before these, if any.
    """
    step_s = (1.0 - EARLY_RATIO) / rate_hz
    kept: list[int] = []
    row = int(np.searchsorted(times_s, last_s + step_s))
    while row < len(times_s):
        kept.append(row)
        row = max(row + 1, int(np.searchsorted(times_s, times_s[row] + step_s)))
    return np.array(kept, np.int64)


def between_kept(
    times_s: FloatArray, kept_s: FloatArray, outputs: Floats, *, longest_gap_s: float
) -> Floats:
    """Return outputs for all rows, linearly interpolated between kept rows, (T, K).

    Across a gap, and after the last kept row, the preceding output is repeated.

    Args:
        times_s: Strictly ascending, none before the first kept row, shape (T,).
        kept_s: Times of the kept rows, ascending, shape (M,).
        outputs: Outputs of the kept rows, shape (M, K).
        longest_gap_s: Maximum distance of kept rows to interpolate between.
    """
    before = np.searchsorted(kept_s, times_s, side="right") - 1
    after = np.minimum(before + 1, len(kept_s) - 1)
    gap_s = kept_s[after] - kept_s[before]
    is_joined = (gap_s > 0) & (gap_s <= longest_gap_s)
    share = np.where(is_joined, (times_s - kept_s[before]) / np.where(gap_s, gap_s, 1), 0.0)
    lower = outputs[before].astype(np.float64)
    mixed = lower + share[:, None] * (outputs[after] - lower)
    return mixed.astype(outputs.dtype, copy=False)


class StreamingAtRate:
    """Passes on rows about 1 / rate apart and interpolates the outputs of the others.

    However the rows are divided into pushes, the outputs are those of `between_kept` over
    the whole sequence to the last bit. A row is returned once the outputs of the kept rows
    on both sides of it are known; no more rows are buffered than that takes.

    Args:
        inner: Stream that runs the model.
        rate_hz: Rows per second that the model was trained at, positive.
        longest_gap_s: Kept rows further apart than this share no window of `inner`.
    """

    def __init__(self, inner: Stream, rate_hz: float, *, longest_gap_s: float) -> None:
        self._inner = inner
        self._rate_hz = rate_hz
        self._longest_gap_s = longest_gap_s
        self._start()

    def _start(self) -> None:
        self._waiting_s: FloatArray = np.zeros(0)
        self._kept_s: FloatArray = np.zeros(0)
        """From the last kept row at or before the first that waits."""
        self._outputs: list[Floats] = []
        """Outputs returned so far for the first kept rows, each of shape (K,)."""
        self._nothing: Floats = np.zeros((0, 0))

    @property
    def num_held(self) -> int:
        """Number of rows pushed and not yet returned."""
        return len(self._waiting_s)

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows, shape (T, D), and return those that are now final.

        Raises:
            ValueError: Under the conditions of the inner stream.
        """
        last_s = float(self._kept_s[-1]) if len(self._kept_s) else -np.inf
        kept = kept_rows(times_s, self._rate_hz, last_s=last_s)
        self._waiting_s = np.concatenate([self._waiting_s, times_s])
        self._kept_s = np.concatenate([self._kept_s, times_s[kept]])
        self._take(self._inner.push(times_s[kept], rows[kept]))
        return self._give_back(self._num_ready())

    def flush(self) -> Finished:
        """End the sequence and return the buffered rows."""
        self._take(self._inner.flush())
        finished = self._give_back(len(self._waiting_s))
        self._start()
        return finished

    def _take(self, finished: Finished) -> None:
        self._outputs += list(finished.outputs)
        if not self._nothing.shape[1]:
            self._nothing = finished.outputs[:0]

    def _num_ready(self) -> int:
        """Return how many rows are ready to be returned."""
        known = len(self._outputs)
        if not known:
            return 0
        until_s = float(self._kept_s[known - 1])
        following = self._kept_s[known : known + 1]
        if len(following) and following[0] - until_s > self._longest_gap_s:
            return int(np.searchsorted(self._waiting_s, following[0]))
        return int(np.searchsorted(self._waiting_s, until_s, side="right"))

    def _give_back(self, num_ready: int) -> Finished:
        if not num_ready:
            return Finished(np.zeros(0), self._nothing)
        times_s, self._waiting_s = np.split(self._waiting_s, [num_ready])
        known = len(self._outputs)
        filled = between_kept(
            times_s,
            self._kept_s[:known],
            np.stack(self._outputs),
            longest_gap_s=self._longest_gap_s,
        )
        num_old = int(np.searchsorted(self._kept_s[:known], times_s[-1], side="right")) - 1
        self._kept_s = self._kept_s[num_old:]
        del self._outputs[:num_old]
        return Finished(times_s, filled)
