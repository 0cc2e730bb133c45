"""Rules by which rows of features at their own times join rows at other times.

A rule gives each wanted time its values, NaN where the features do not reach it. Symbols:
F rows of features, at least one, in ascending order of time; T wanted times, D columns.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.windows import TIME_TOLERANCE_S

Floats = NDArray[np.floating]
Index = NDArray[np.int64]
Times = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierFirst(Config):
    """The nearest earlier row within a distance, else the nearest later one within it."""

    max_distance_s: float
    """Maximum distance in time."""
    kind: Literal["earlier_first"] = "earlier_first"

    def __post_init__(self) -> None:
        check_numbers(self.kind, "[0, inf)", max_distance_s=self.max_distance_s)

    def join(self, found_s: Times, values: Floats, wanted_s: Times) -> Floats:
        """Return the values at each wanted time, shape (T, D)."""
        limit_s = self.max_distance_s
        return take(values, nearest_feature(wanted_s, found_s, max_distance_s=limit_s))


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest(Config):
    """The row nearest in time, the earlier of two that are equally near."""

    max_distance_s: float
    """Maximum distance in time."""
    kind: Literal["nearest"] = "nearest"

    def __post_init__(self) -> None:
        check_numbers(self.kind, "[0, inf)", max_distance_s=self.max_distance_s)

    def join(self, found_s: Times, values: Floats, wanted_s: Times) -> Floats:
        """Return the values at each wanted time, shape (T, D)."""
        before, after = _around(found_s, wanted_s)
        earlier_s = np.where(before >= 0, wanted_s - found_s[before], np.inf)
        last = len(found_s) - 1
        later_s = np.where(after <= last, found_s[after.clip(max=last)] - wanted_s, np.inf)
        rows = np.where(earlier_s <= later_s, before, after)
        near = np.minimum(earlier_s, later_s) <= self.max_distance_s + TIME_TOLERANCE_S
        return take(values, np.where(near, rows, -1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold(Config):
    """The last row at or before each time: nothing from the future."""

    max_age_s: float
    """Maximum age of a row."""
    kind: Literal["hold"] = "hold"

    def __post_init__(self) -> None:
        check_numbers(self.kind, "(0, inf)", max_age_s=self.max_age_s)

    def join(self, found_s: Times, values: Floats, wanted_s: Times) -> Floats:
        """Return the values at each wanted time, shape (T, D)."""
        before, _ = _around(found_s, wanted_s)
        recent = wanted_s - found_s[before] <= self.max_age_s + TIME_TOLERANCE_S
        return take(values, np.where(recent & (before >= 0), before, -1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear(Config):
    """Linear interpolation between the rows around each time."""

    max_gap_s: float
    """Maximum distance between two rows to interpolate between."""
    kind: Literal["linear"] = "linear"

    def __post_init__(self) -> None:
        check_numbers(self.kind, "(0, inf)", max_gap_s=self.max_gap_s)

    def join(self, found_s: Times, values: Floats, wanted_s: Times) -> Floats:
        """Return the values at each wanted time, shape (T, D); none beyond the ends."""
        before, after = _around(found_s, wanted_s)
        is_exact = (before >= 0) & (wanted_s - found_s[before] <= TIME_TOLERANCE_S)
        after = np.where(is_exact, before, after)
        inside = (before >= 0) & (after < len(found_s))
        before, after = np.where(inside, before, 0), np.where(inside, after, 0)
        gap_s = found_s[after] - found_s[before]
        inside &= gap_s <= self.max_gap_s + TIME_TOLERANCE_S
        share = (wanted_s - found_s[before]) / np.where(gap_s > 0, gap_s, 1.0)
        share = np.where(is_exact, 0.0, share)[:, None].astype(np.float32)
        start, end = (values[rows].astype(np.float32) for rows in (before, after))
        return np.where(inside[:, None], start + share * (end - start), np.float32("nan"))


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowMean(Config):
    """Mean of the rows around each time, for features with more rows than the labels."""

    length_s: float
    """Length of the window around each time."""
    is_causal: bool = False
    """End the window at the time instead: nothing from the future."""
    kind: Literal["window_mean"] = "window_mean"

    def __post_init__(self) -> None:
        check_numbers(self.kind, "(0, inf)", length_s=self.length_s)

    def join(self, found_s: Times, values: Floats, wanted_s: Times) -> Floats:
        """Return the values at each wanted time, shape (T, D); none for empty windows."""
        ends_s = wanted_s + (0.0 if self.is_causal else self.length_s / 2)
        first = np.searchsorted(found_s, ends_s - self.length_s - TIME_TOLERANCE_S, "left")
        stop = np.searchsorted(found_s, ends_s + TIME_TOLERANCE_S, "right")
        sums = np.zeros((len(values) + 1, values.shape[1]))
        np.cumsum(values, axis=0, dtype=np.float64, out=sums[1:])
        counts = (stop - first)[:, None]
        means = (sums[stop] - sums[first]) / np.maximum(counts, 1)
        return np.where(counts > 0, means, np.nan).astype(np.float32)


JoinRule = EarlierFirst | Nearest | Hold | Linear | WindowMean


def take(values: Floats, rows: Index) -> Floats:
    """Return rows of values in their type, NaN for row -1, shape (T, D)."""
    taken = values[rows.clip(min=0)]
    taken[rows < 0] = np.nan
    return taken


def nearest_feature(wanted_s: Times, found_s: Times, *, max_distance_s: float) -> Index:
    """Return the row of `found_s` for each time, -1 for none, shape (T,).

    The nearest at or before it within the distance, else the nearest after it within it.
    """
    if not len(found_s):
        return np.full(len(wanted_s), -1, dtype=np.int64)
    before, after = _around(found_s, wanted_s)
    earlier, later = np.maximum(before, 0), np.minimum(after, len(found_s) - 1)
    use_earlier = (before >= 0) & (wanted_s - found_s[earlier] <= max_distance_s)
    use_later = (after < len(found_s)) & (found_s[later] - wanted_s <= max_distance_s)
    return np.where(use_earlier, earlier, np.where(use_later, later, -1))


def _around(found_s: Times, wanted_s: Times) -> tuple[Index, Index]:
    """Return the last row at or before each time, from -1, and the first after it."""
    after = np.searchsorted(found_s, wanted_s + TIME_TOLERANCE_S, side="right")
    return after - 1, after
