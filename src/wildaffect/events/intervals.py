"""Intervals in which a state holds, merged over short gaps, from rows in order.

Symbols: R rows of one track. The intervals do not depend on how rows are divided into
calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TIME_TOLERANCE_S = 1e-6
"""Durations within this of a limit count as equal to it: times are sums of fractions."""


@dataclass(slots=True, kw_only=True)
class Interval:
    """A half-open interval in seconds with statistics of its signal."""

    onset_s: float
    offset_s: float
    apex_s: float
    peak: float = float("nan")
    """Largest value; NaN if no row had one."""
    total: float = 0.0
    count: int = 0

    @property
    def mean(self) -> float:
        """Mean over the rows that have a value; NaN if none has."""
        return self.total / self.count if self.count else float("nan")

    def extend(self, times_s: Floats, stop_s: float, values: Floats) -> None:
        """Add rows at the end."""
        self.offset_s = stop_s
        known = ~np.isnan(values)
        if not known.any():
            return
        times_s, values = times_s[known], values[known]
        top = int(values.argmax())
        if not values[top] <= self.peak:  # also if the peak is NaN
            self.peak, self.apex_s = float(values[top]), float(times_s[top])
        # In sequence, unlike `sum`, so that the mean is the same for any division of rows.
        self.total = float(np.cumsum(np.append(self.total, values))[-1])
        self.count += len(values)


class IntervalBuilder:
    """Builds the intervals of one state of one track.

    Args:
        merge_gap_s: Intervals with at most this gap between them become one.
    """

    def __init__(self, merge_gap_s: float) -> None:
        self._merge_gap_s = merge_gap_s + TIME_TOLERANCE_S
        self._open: Interval | None = None
        self._is_split = False
        """True if a row after the open interval keeps it from being continued."""

    def add(
        self, times_s: Floats, stops_s: Floats, on: Flags, splits: Flags, values: Floats
    ) -> Iterator[Interval]:
        """Add rows and yield the intervals that they complete.

        Args:
            times_s: Times of the rows, ascending, shape (R,).
            stops_s: Time at which each row ends, that of the next frame, shape (R,).
            on: True where the state holds, shape (R,).
            splits: True where intervals before and after the row are not merged.
            values: Signal, NaN where unknown, shape (R,).
        """
        last = 0
        edges = np.flatnonzero(np.diff(on, prepend=False, append=False))
        for start, stop in edges.reshape(-1, 2).tolist():
            onset_s = float(times_s[start])
            self._is_split |= bool(splits[last:start].any())
            if self._open and (
                self._is_split or onset_s - self._open.offset_s > self._merge_gap_s
            ):
                yield self._open
                self._open = None
            if self._open is None:
                self._open = Interval(onset_s=onset_s, offset_s=onset_s, apex_s=onset_s)
            self._open.extend(
                times_s[start:stop], float(stops_s[stop - 1]), values[start:stop]
            )
            self._is_split, last = False, stop
        self._is_split |= bool(splits[last:].any())

    def close(self) -> Iterator[Interval]:
        """Yield the interval that is still open at the end of the track."""
        if self._open:
            yield self._open
        self._open = None
