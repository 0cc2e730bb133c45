"""Windows over a stream of rows, with the same result as `cut` and `stitch`.

Symbols: T rows of one push, L rows of one window, D features, K outputs.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.stitching import OverlapMean
from wildaffect.core.windows import (
    FloatArray,
    WindowSpec,
    check_times,
    first_time_s,
    longest_gap_s,
    row_weights,
    stop_time_s,
    window_start_s,
)

Floats = NDArray[np.floating]
Predict = Callable[[Floats, FloatArray], Floats]
"""(L, D) rows of one window and their times (L,) -> (L, K), finite."""


class Finished(NamedTuple):
    """Rows that no later window will change, in order of time; possibly none."""

    times_s: FloatArray
    """Shape (T,)."""
    outputs: Floats
    """Shape (T, K); (0, 0) before the first window was run."""


class StreamingWindows:
    """Runs a model over windows as rows arrive and returns every row exactly once.

    However the rows are divided into pushes, the outputs are those of `cut` and `stitch`
    over the whole sequence to the last bit, as both run the same windows in the same order.
    A row is returned at most `length_s` after it was pushed, or at `flush`; only the rows
    within `length_s`, and those of one push, are buffered.
    """

    def __init__(self, predict: Predict, spec: WindowSpec) -> None:
        self._predict = predict
        self._spec = spec
        self._times_s: FloatArray = np.zeros(0)
        self._rows: Floats = np.zeros((0, 0))
        self._mean = OverlapMean(0)
        self._run_start_s = 0.0
        self._index = 0
        self._last_s: float | None = None
        self._dtype: np.dtype[np.floating] = np.dtype(np.float64)

    @property
    def num_held(self) -> int:
        """Number of rows pushed and not yet returned."""
        return len(self._times_s)

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows, shape (T, D), and return those that are now final.

        Raises:
            ValueError: If times do not ascend strictly, also over pushes, the number of
                times differs from that of rows, or the model returns another shape or
                values not finite.
        """
        self._check(times_s, rows)
        before_s = -np.inf if self._last_s is None else self._last_s
        gaps_s = np.diff(times_s, prepend=before_s)
        breaks = np.flatnonzero(gaps_s > longest_gap_s(self._spec)).tolist()
        edges = sorted({0, *breaks, len(times_s)})
        finished: list[Finished] = []
        for first, stop in pairwise(edges):
            if first in breaks:
                finished += self._end_run()
                self._run_start_s = float(times_s[first])
            finished += self._extend(times_s[first:stop], rows[first:stop])
        return self._join(finished)

    def flush(self) -> Finished:
        """End the sequence and return the buffered rows."""
        finished = self._end_run()
        self._last_s = None
        return self._join(finished)

    def _check(self, times_s: FloatArray, rows: Floats) -> None:
        check_times(times_s)
        if rows.ndim != 2 or len(rows) != len(times_s):
            raise ValueError(
                f"push: rows must have shape ({len(times_s)}, D), got {rows.shape}"
            )
        if self._last_s is not None and len(times_s) and times_s[0] <= self._last_s:
            raise ValueError(
                f"push: times must be later than {self._last_s} s, got {times_s[0]} s"
            )

    def _extend(self, times_s: FloatArray, rows: Floats) -> list[Finished]:
        self._last_s = float(times_s[-1])
        held = self._rows if self.num_held else rows[:0]
        self._times_s = np.concatenate([self._times_s, times_s])
        self._rows = np.concatenate([held, rows])
        self._mean.append(len(times_s))
        finished = []
        while stop_time_s(self._start_s(), self._spec) <= self._last_s:
            self._run_window()
            num_final = np.searchsorted(self._times_s, first_time_s(self._start_s()))
            finished.append(self._pop(int(num_final)))
        return finished

    def _end_run(self) -> list[Finished]:
        if not self.num_held:
            return []
        self._run_window()
        self._index = 0
        return [self._pop(self.num_held)]

    def _start_s(self) -> float:
        return window_start_s(self._run_start_s, self._index, self._spec)

    def _run_window(self) -> None:
        start_s = self._start_s()
        bounds_s = [first_time_s(start_s), stop_time_s(start_s, self._spec)]
        low, high = np.searchsorted(self._times_s, bounds_s).tolist()
        self._index += 1
        if high > low:
            times_s = self._times_s[low:high]
            output = self._predict(self._rows[low:high], times_s)
            weights = row_weights(times_s, start_s, self._spec)
            self._mean.add(slice(low, high), output, weights)
            self._dtype = output.dtype

    def _pop(self, num_rows: int) -> Finished:
        times_s, self._times_s = self._times_s[:num_rows], self._times_s[num_rows:]
        self._rows = self._rows[num_rows:]
        return Finished(times_s, self._mean.pop(num_rows).astype(self._dtype, copy=False))

    def _join(self, finished: list[Finished]) -> Finished:
        nothing = Finished(
            np.zeros(0), np.zeros((0, self._mean.values.shape[1]), self._dtype)
        )
        times_s, outputs = zip(*(finished or [nothing]), strict=True)
        return Finished(np.concatenate(times_s), np.concatenate(outputs))
