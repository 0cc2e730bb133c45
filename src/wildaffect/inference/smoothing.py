"""Smoothing over real time: kinds of filters, and smoothing of a series.

Every kind of filter has a weight by distance in time within a finite reach, and the
smoothed value is the weighted mean of the rows in reach. At the ends of a series and at
gaps, the weights of the missing side are omitted, so that a constant remains constant.
Symbols: T rows, K columns, L rows in reach of a row.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.tasks import Task
from wildaffect.core.windows import TIME_TOLERANCE_S

Floats = NDArray[np.floating]
FloatArray = NDArray[np.float64]

REACH_SD = 3.0
"""Reach of the Gaussian, in standard deviations."""
REACH_TIME_CONSTANTS = 5.0
"""Reach of the exponential, in time constants; its weight is then below 1 %."""
BLOCK_ROWS = 128
"""Rows per matrix product: more rows waste weights, fewer rows cost calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian(Config):
    """Gaussian weights on both sides."""

    sd_s: float
    kind: Literal["gaussian"] = "gaussian"

    def __post_init__(self) -> None:
        check_numbers("smoothing", "(0, inf)", sd_s=self.sd_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Config):
    """Equal weights for all rows within half the width on either side."""

    width_s: float
    kind: Literal["box"] = "box"

    def __post_init__(self) -> None:
        check_numbers("smoothing", "(0, inf)", width_s=self.width_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalExponential(Config):
    """Causal exponential weights, exp(-age / time constant): no delay."""

    time_constant_s: float
    kind: Literal["causal_exponential"] = "causal_exponential"

    def __post_init__(self) -> None:
        check_numbers("smoothing", "(0, inf)", time_constant_s=self.time_constant_s)


SmoothingKind = Gaussian | Box | CausalExponential


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing(Config):
    """Smoothing of each task; None for no smoothing."""

    valence: SmoothingKind | None = None
    arousal: SmoothingKind | None = None
    expression: SmoothingKind | None = None
    action_units: SmoothingKind | None = None
    dimensions: SmoothingKind | None = None
    intensities: SmoothingKind | None = None

    def of(self, task: Task) -> SmoothingKind | None:
        """Return how a task is smoothed."""
        kind: SmoothingKind | None = getattr(self, task)
        return kind


def reach_s(kind: SmoothingKind) -> tuple[float, float]:
    """Return the reach of a filter before and after a row, in seconds."""
    match kind:
        case Gaussian(sd_s=sd_s):
            return REACH_SD * sd_s, REACH_SD * sd_s
        case Box(width_s=width_s):
            return width_s / 2, width_s / 2
        case CausalExponential(time_constant_s=time_constant_s):
            return REACH_TIME_CONSTANTS * time_constant_s, 0.0


def weights(kind: SmoothingKind, away_s: FloatArray) -> FloatArray:
    """Return the weight of rows at these distances in time, later ones positive."""
    past_s, future_s = reach_s(kind)
    is_in_reach = (away_s >= -past_s - TIME_TOLERANCE_S) & (
        away_s <= (future_s + TIME_TOLERANCE_S if future_s else 0.0)
    )
    match kind:
        case Gaussian(sd_s=sd_s):
            falling = np.exp(-0.5 * (away_s / sd_s) ** 2)
        case Box():
            falling = np.ones_like(away_s)
        case CausalExponential(time_constant_s=time_constant_s):
            falling = np.exp(np.minimum(away_s, 0.0) / time_constant_s)
    return np.where(is_in_reach, falling, 0.0)


def smooth(
    values: NDArray[np.float32], times_s: FloatArray, kind: SmoothingKind
) -> NDArray[np.float32]:
    """Return the series smoothed over time, shape (T, K).

    Args:
        values: Finite, shape (T, K).
        times_s: Strictly ascending, shape (T,).
        kind: Kind of filter.
    """
    past_s, future_s = reach_s(kind)
    firsts = np.searchsorted(times_s, times_s - past_s - TIME_TOLERANCE_S)
    stops = np.searchsorted(times_s, times_s + future_s + TIME_TOLERANCE_S, side="right")
    smoothed = np.empty_like(values)
    for start in range(0, len(values), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(values)))
        near = slice(int(firsts[rows.start]), int(stops[rows.stop - 1]))
        share = weights(kind, times_s[near] - times_s[rows, None])  # (rows, L)
        total = share @ values[near].astype(np.float64)
        smoothed[rows] = total / share.sum(1, keepdims=True)
    return smoothed
