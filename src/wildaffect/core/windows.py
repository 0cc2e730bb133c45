"""Windows over time for temporal models.

A run is a sequence of rows without a gap above `max_gap_s`. Window k of a run that begins
at t0 covers [t0 + k stride, t0 + k stride + length), half-open; the last window of a run
is the first that reaches the run's end, and it simply has fewer rows: nothing is padded.
Symbols: T rows, L rows of one window.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import STRICT

FloatArray = NDArray[np.float64]
Seconds = TypeVar("Seconds", float, NDArray[np.float64])

TIME_TOLERANCE_S = 1.1e-3
"""Tolerance for rows just before a boundary, which count as on it: two time stamps rounded
to milliseconds (the first of the run and the row's own) are together at most 1 ms off."""

EDGE_WEIGHT = 0.01
"""Weight of a row at the edge of a window, where the center has 1; above 0, so that a row
covered only by the edge of one window is still defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpec:
    """Lengths of windows and gaps, in seconds."""

    length_s: float
    """Length of a window."""
    stride_s: float
    """Distance between the starts of consecutive windows, at most `length_s`."""
    max_gap_s: float
    """Rows further apart than this never share a window, in [0, `length_s`]; with 0 every
    row is a window of its own."""

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_numbers("window", "(0, inf)", length_s=self.length_s)
        if not 2 * TIME_TOLERANCE_S <= self.stride_s <= self.length_s:
            raise ValueError(
                f"window: stride_s must be in [{2 * TIME_TOLERANCE_S}, "
                f"length_s={self.length_s}], got {self.stride_s}"
            )
        if not 0 <= self.max_gap_s <= self.length_s:
            raise ValueError(
                f"window: max_gap_s must be in [0, length_s={self.length_s}], "
                f"got {self.max_gap_s}"
            )

    @property
    def is_frame_wise(self) -> bool:
        """True where every window is one row."""
        return self.max_gap_s == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalWindow:
    """One window per row, mostly in its past, for streaming models.

    The row at t sees the rows in (t + delay - length, t + delay].
    """

    length_s: float
    """Length of a window."""
    delay_s: float
    """Look-ahead of a row, which is also the latency of its output; at least 0."""
    max_gap_s: float
    """Rows further apart than this never share a window, in (0, `length_s`]."""
    lead_step_s: float | None = None
    """Interval at which the first row is repeated back to the beginning of the window, so
    that a still face gets the same output from the first row on. None: such windows have
    fewer rows."""

    __pydantic_config__ = STRICT

    def __post_init__(self) -> None:
        check_numbers("window", "(0, inf)", length_s=self.length_s)
        if not 0 <= self.delay_s <= self.length_s - 2 * TIME_TOLERANCE_S:
            raise ValueError(
                f"window: delay_s must be at least 0 and below length_s={self.length_s}, "
                f"got {self.delay_s}"
            )
        if not 0 < self.max_gap_s <= self.length_s:
            raise ValueError(
                f"window: max_gap_s must be in (0, length_s={self.length_s}], "
                f"got {self.max_gap_s}"
            )
        if self.lead_step_s is not None and not (
            2 * TIME_TOLERANCE_S <= self.lead_step_s <= self.length_s
        ):
            raise ValueError(
                f"window: lead_step_s must be in [{2 * TIME_TOLERANCE_S}, "
                f"length_s={self.length_s}], got {self.lead_step_s}"
            )

    @property
    def is_frame_wise(self) -> bool:
        """False: a window has more than one row."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftPaddedWindow(WindowSpec):
    """Windows with their first row repeated in front, each over `length_s`.

    They correspond in training to the padded windows of a `CausalWindow` in use.
    """

    lead_step_s: float
    """As in `CausalWindow`."""


AnyWindow = WindowSpec | CausalWindow

FRAME_WISE = WindowSpec(length_s=1.0, stride_s=1.0, max_gap_s=0.0)
"""One row per window, whatever the times: for models without memory."""


class Window(NamedTuple):
    """Rows of the sequence in one window, at least one."""

    rows: slice
    start_s: float
    """Nominal start, which may lie before the first row."""


def window_start_s(run_start_s: float, index: int, spec: WindowSpec) -> float:
    """Return the nominal start of window `index` of the run beginning at `run_start_s`."""
    return run_start_s + index * spec.stride_s


def longest_gap_s(spec: AnyWindow) -> float:
    """Return the gap between rows above which a new run begins."""
    return 0.0 if spec.is_frame_wise else spec.max_gap_s + TIME_TOLERANCE_S


def first_time_s(start_s: Seconds) -> Seconds:
    """Return the earliest time that counts as inside a window with this start.

    A row before it belongs to no later window either: once the window before was run, such
    rows are final.
    """
    return start_s - TIME_TOLERANCE_S


def stop_time_s(start_s: Seconds, spec: WindowSpec) -> Seconds:
    """Return the earliest time that counts as past the end of the window."""
    return start_s + spec.length_s - TIME_TOLERANCE_S


def row_weights(times_s: FloatArray, start_s: float, spec: WindowSpec) -> FloatArray:
    """Return the weight of each row of a window in the mean over windows, shape (L,).

    A triangle over the nominal window, 1 at its center and `EDGE_WEIGHT` at both ends, so
    that windows with both past and future of a row have the highest weight.
    """
    from_center = np.abs(2.0 * (times_s - start_s) / spec.length_s - 1.0)
    return np.maximum(1.0 - (1.0 - EDGE_WEIGHT) * from_center, EDGE_WEIGHT)


def layout(times_s: FloatArray, spec: WindowSpec) -> list[Window]:
    """Return the windows over rows at `times_s`, in order of time.

    Raises:
        ValueError: If the times are not finite and strictly ascending, shape (T,).
    """
    check_times(times_s)
    if spec.is_frame_wise:
        return [Window(slice(i, i + 1), float(t)) for i, t in enumerate(times_s)]
    breaks = np.flatnonzero(np.diff(times_s) > longest_gap_s(spec)) + 1
    edges = [0, *breaks.tolist(), len(times_s)]
    return [
        Window(slice(first + window.rows.start, first + window.rows.stop), window.start_s)
        for first, stop in pairwise(edges)
        if stop > first
        for window in _layout_run(times_s[first:stop], spec)
    ]


def _layout_run(times_s: FloatArray, spec: WindowSpec) -> list[Window]:
    first_s, last_s = float(times_s[0]), float(times_s[-1])
    bound = int(max(0.0, (last_s - first_s - spec.length_s) / spec.stride_s)) + 3
    starts_s = first_s + np.arange(bound, dtype=np.float64) * spec.stride_s
    stops_s = stop_time_s(starts_s, spec)
    num_windows = int(np.argmax(stops_s > last_s)) + 1
    lows = np.searchsorted(times_s, first_time_s(starts_s[:num_windows]))
    highs = np.searchsorted(times_s, stops_s[:num_windows])
    return [
        Window(slice(low, high), start_s)
        for low, high, start_s in zip(
            lows.tolist(), highs.tolist(), starts_s.tolist(), strict=False
        )
        if high > low
    ]


def cut(times_s: FloatArray, spec: WindowSpec) -> list[slice]:
    """Return the rows of every window, in order of time; every row is in at least one.

    Raises:
        ValueError: If the times are not finite and strictly ascending, shape (T,).
    """
    return [window.rows for window in layout(times_s, spec)]


def check_times(times_s: FloatArray) -> None:
    """Check that times are finite and strictly ascending.

    Raises:
        ValueError: Naming the first row that breaks the rule.
    """
    if times_s.ndim != 1 or not np.isfinite(times_s).all():
        raise ValueError(f"times: must be finite, shape (T,), got shape {times_s.shape}")
    wrong = np.flatnonzero(np.diff(times_s) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        raise ValueError(
            f"times: row {row} must be later than row {row - 1} at "
            f"{times_s[row - 1]} s, got {times_s[row]} s"
        )
