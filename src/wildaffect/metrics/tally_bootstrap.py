"""How much scores depend on which videos were drawn: resampling videos, never frames.

Frames of one video are near copies of one another; intervals from resampled frames would be
several times too narrow. Every score of a resample is computed anew from the summed videos
(CCC is not the mean of the videos' CCC).

Symbols: G videos, B resamples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wildaffect.metrics.moments import Floats
from wildaffect.metrics.tally import Tally
from wildaffect.metrics.tally_scores import score

NUM_RESAMPLES = 2000
MIN_GROUPS = 2
"""With fewer videos every resample is the same, and there is no interval."""

_CHUNK_CELLS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Where a score lies in the given share of resamples."""

    value: float
    """Over all videos."""
    low: float
    """NaN, as `high`, where there is no interval."""
    high: float
    num_undefined: int = 0
    """Resamples in which the score was 0/0; they are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First system minus second, on the same resamples of the same videos."""

    interval: Interval
    share_above: float
    """Share of resamples in which the first is above the second; ties count half."""


def resample(
    tally: Tally, *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> dict[str, Floats]:
    """Return every score in every resample, shape (B,) each.

    The same number of videos, number of resamples and seed draw the same videos, so two
    systems tallied over the same videos are resampled alike.
    """
    parts = [
        score(tally, weights) for weights in _draw_weights(len(tally), num_resamples, seed)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def intervals(
    tally: Tally,
    *,
    confidence: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return every score with its interval.

    Args:
        tally: Sums of G videos; with fewer than `MIN_GROUPS` the ends are NaN.
        confidence: Share that the interval is meant to hold, in (0, 1).
        num_resamples: B.
        seed: Of the draws.

    Source: percentile interval of Efron and Tibshirani, "An Introduction to the Bootstrap"
    (1993), chapter 13. Their bias-corrected interval was measured on simulated videos and
    covers no better here (docs/metrics.md).
    """
    value = score(tally)
    draws = resample(tally, num_resamples=num_resamples, seed=seed)
    return {
        name: _interval(
            float(value[name][0]),
            draws[name] if len(tally) >= MIN_GROUPS else draws[name][:0],
            confidence,
        )
        for name in value
    }


def compare(
    first: Tally,
    second: Tally,
    *,
    confidence: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """Return first minus second for every score that both have, paired by video.

    Args:
        first: Sums of G videos.
        second: Sums of the same videos in the same order, over the same frames.
        confidence: Share that the percentile interval is meant to hold, in (0, 1).
        num_resamples: B.
        seed: Of the draws.

    Raises:
        ValueError: If the numbers of videos differ.
    """
    if len(first) != len(second):
        raise ValueError(
            f"both systems must be tallied over the same videos, got {len(first)} and "
            f"{len(second)}"
        )
    value_first, value_second = score(first), score(second)
    draws_first = resample(first, num_resamples=num_resamples, seed=seed)
    draws_second = resample(second, num_resamples=num_resamples, seed=seed)
    return {
        name: _difference(
            float(value_first[name][0] - value_second[name][0]),
            (draws_first[name] - draws_second[name])[
                : None if len(first) >= MIN_GROUPS else 0
            ],
            confidence,
        )
        for name in value_first
        if name in value_second
    }


def _draw_weights(num_groups: int, num_resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each group was drawn, in parts of shape (b, G); B rows in all."""
    rng = np.random.default_rng(seed)
    share = np.full(num_groups, 1 / num_groups)
    step = max(1, _CHUNK_CELLS // num_groups)
    for start in range(0, num_resamples, step):
        size = min(step, num_resamples - start)
        yield rng.multinomial(num_groups, share, size=size).astype(np.float64)


def _difference(value: float, draws: Floats, confidence: float) -> Difference:
    kept = draws[~np.isnan(draws)]
    above = (kept > 0).mean() + (kept == 0).mean() / 2 if len(kept) else np.nan
    return Difference(
        interval=_interval(value, draws, confidence), share_above=float(above)
    )


def _interval(value: float, draws: Floats, confidence: float) -> Interval:
    kept = draws[~np.isnan(draws)]
    low = high = float("nan")
    if len(kept) and not np.isnan(value):
        low, high = map(
            float, np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2])
        )
    return Interval(value=value, low=low, high=high, num_undefined=len(draws) - len(kept))
