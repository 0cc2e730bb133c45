"""Intervals of scores, and comparisons of two systems, by resampling whole videos.

Frames of one video are similar and not independent samples: videos are sampled with
replacement, and every score is recomputed from the pooled frames of the resample. The
interval is that of percentiles for many videos, and for fewer Student's t with the standard
deviation of the resamples; percentiles of few videos are too narrow (docs/metrics.md has
the shares that hold the truth).
Source: Efron and Tibshirani 1993, sections 12.2 and 13.3.
Symbols: V videos, R resamples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan, sqrt
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.metrics.scores import TaskScores, VideoStatistics
from wildaffect.metrics.student_t import t_quantile

Floats = NDArray[np.float64]
Scores = TypeVar("Scores")
Scores_co = TypeVar("Scores_co", covariant=True)


class PooledStatistics(Protocol[Scores_co]):
    """Statistics of groups (videos or people) to resample."""

    def __len__(self) -> int:
        """Return the number of groups."""
        ...

    def pooled(self, weights: ArrayLike | None = None) -> Scores_co:
        """Return the scores of all groups, or of each of R weightings (R, groups)."""
        ...


Measure = Callable[[TaskScores], Floats]
"""Maps scores of shape (...) to values of shape (...), or (..., M) for M values; for
example `operator.attrgetter("p_mtl")`."""

MIN_VIDEOS = 4
"""Minimum number of videos, or other groups, for an interval."""
MANY_VIDEOS = 60
"""Number of videos from which the interval is that of percentiles."""
MAX_UNDEFINED = 0.03
"""Maximum share of resamples without a score. More are undefined where only three videos or
fewer have labels: (1 - 3 / V) to the power of V is about 5 %."""

Limits = tuple[ArrayLike, ArrayLike]
"""Lowest and highest possible score, each a number or of shape (M,)."""
UNLIMITED: Limits = (-np.inf, np.inf)

SAME_SCORE = 1e-12
"""Largest spread of equal scores, relative to the score: rounding."""

MAX_WEIGHTS = 2_000_000
"""Maximum number of weights in memory, resamples times videos: about 16 MB per column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A score and its sampling variation over videos.

    The arrays have shape (), or (M,) for a measure of M values.
    """

    value: Floats
    """Value on the original videos."""
    low: Floats
    """NaN, like `high`, for fewer than `MIN_VIDEOS` videos; if the score is undefined in
    more than `MAX_UNDEFINED` of the resamples; and for a score, not a difference, that is
    the same in all resamples of fewer than `MANY_VIDEOS` videos."""
    high: Floats
    level: float
    """Nominal share of intervals that contain the true score."""
    num_resamples: int
    num_undefined: NDArray[np.int64]
    """Number of resamples in which the score is NaN; they are excluded."""
    num_videos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """Difference of the scores of two systems on the same resamples of videos."""

    difference: Interval
    share_above_0: Floats
    """Share of defined resamples in which the first system is better; ties count half."""
    same_frames: bool
    """True if both systems are scored on equally many frames of each video and task."""


def bootstrap_interval(
    statistics: PooledStatistics[Scores],
    measure: Callable[[Scores], Floats],
    *,
    limits: Limits = UNLIMITED,
    num_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a score with its interval over videos.

    Args:
        statistics: Statistics of the videos, or other groups, to resample.
        measure: Score, such as `operator.attrgetter("p_mtl")`.
        limits: Lowest and highest possible score; the interval ends there.
        num_resamples: R.
        level: Nominal share of intervals that contain the true value, in (0, 1).
        seed: Equal seeds give equal draws.

    Raises:
        ValueError: If `num_resamples` is below 1 or `level` is not within (0, 1).
    """
    _check_settings(num_resamples, level)
    values = [
        measure(statistics.pooled(weights))
        for weights in _draws(len(statistics), num_resamples, seed)
    ]
    resampled = np.concatenate(values)
    found = _interval(measure(statistics.pooled()), resampled, len(statistics), level)
    varies = (len(statistics) >= MANY_VIDEOS) | _varies(resampled)
    ends = [np.clip(end, *limits) for end in (found.low, found.high)]
    low, high = (np.where(varies, end, np.nan)[()] for end in ends)
    return replace(found, low=low, high=high)


def paired_bootstrap(
    stats_a: VideoStatistics,
    stats_b: VideoStatistics,
    measure: Measure,
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Return the difference of systems A and B, scored on the same resamples.

    Args:
        stats_a: Statistics of the first system.
        stats_b: Statistics of the second, for the same videos in the same order.
        measure: As for `bootstrap_interval`.
        num_resamples: R.
        level: Nominal share of intervals that contain the true value, in (0, 1).
        seed: Equal seeds give equal draws.

    Raises:
        ValueError: If the videos or label spaces differ, or a setting is out of range.
    """
    _check_settings(num_resamples, level)
    if stats_a.videos != stats_b.videos or stats_a.spaces != stats_b.spaces:
        raise ValueError(
            "paired bootstrap: both systems must be scored on the same videos in the same "
            f"order with the same labels, got {len(stats_a)} and {len(stats_b)} videos, "
            f"{len(set(stats_a.videos) & set(stats_b.videos))} of them shared"
        )
    differences = np.concatenate(
        [
            measure(stats_a.pooled(weights)) - measure(stats_b.pooled(weights))
            for weights in _draws(len(stats_a), num_resamples, seed)
        ]
    )
    value = measure(stats_a.pooled()) - measure(stats_b.pooled())
    defined = (~np.isnan(differences)).sum(0)
    above = (differences > 0).sum(0) + (differences == 0).sum(0) / 2
    return PairedDifference(
        difference=_interval(value, differences, len(stats_a), level),
        share_above_0=np.where(defined > 0, above / np.maximum(defined, 1), np.nan)[()],
        same_frames=_same_frames(stats_a, stats_b),
    )


def paired_bootstrap_over_runs(
    stats_a: Sequence[VideoStatistics],
    stats_b: Sequence[VideoStatistics],
    measure: Measure,
    *,
    num_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the difference of the mean runs of systems A and B.

    Every resample draws videos and, separately for each system, runs: the interval includes
    the variation of videos and of seeds.

    Args:
        stats_a: Statistics of S runs of the first system over the same videos in the same
            order.
        stats_b: Statistics of the second; the number of runs may differ.
        measure: As for `bootstrap_interval`, of one value.
        num_resamples: R.
        level: Nominal share of intervals that contain the true value, in (0, 1).
        seed: Equal seeds give equal draws.

    Raises:
        ValueError: If a run has other videos, or a setting is out of range.
    """
    _check_settings(num_resamples, level)
    every = [*stats_a, *stats_b]
    if any(run.videos != every[0].videos for run in every):
        raise ValueError(
            "paired bootstrap: all runs must be scored on the same videos in the same order"
        )
    draws = list(_draws(len(every[0]), num_resamples, seed))
    rng = np.random.default_rng((seed, len(stats_a), len(stats_b)))

    def mean_of_drawn(runs: Sequence[VideoStatistics]) -> Floats:
        values = [
            np.concatenate([measure(run.pooled(weights)) for weights in draws])
            for run in runs
        ]
        drawn = rng.integers(len(runs), size=(num_resamples, len(runs)))
        return np.take_along_axis(np.stack(values, 1), drawn, 1).mean(1)

    def mean(runs: Sequence[VideoStatistics]) -> Floats:
        return np.mean([measure(run.pooled()) for run in runs], 0)

    differences = mean_of_drawn(stats_a) - mean_of_drawn(stats_b)
    value = mean(stats_a) - mean(stats_b)
    return _interval(value, differences, len(every[0]), level)


def _check_settings(num_resamples: int, level: float) -> None:
    if num_resamples < 1:
        raise ValueError(
            f"bootstrap: num_resamples must be at least 1, got {num_resamples}"
        )
    if not 0 < level < 1:
        raise ValueError(f"bootstrap: level must lie within (0, 1), got {level}")


def _draws(num_videos: int, num_resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield weights of shape (R', V), in blocks with `num_resamples` rows in total."""
    rng = np.random.default_rng(seed)
    at_once = max(1, MAX_WEIGHTS // max(1, num_videos))
    for start in range(0, num_resamples, at_once):
        rows = min(at_once, num_resamples - start)
        drawn = rng.integers(max(1, num_videos), size=(rows, num_videos))
        cells = drawn + np.arange(rows)[:, None] * num_videos
        counts = np.bincount(cells.ravel(), minlength=rows * num_videos)
        yield counts.reshape(rows, num_videos)


def interval_text(low: float, high: float, *, sign: bool = False) -> str:
    """Return an interval for a table or sentence, or that there are too few videos."""
    if isnan(low) or isnan(high):
        return "too few videos"
    return f"{low:+z.3f} to {high:+z.3f}" if sign else f"{low:z.3f} to {high:z.3f}"


def _interval(value: Floats, values: Floats, num_videos: int, level: float) -> Interval:
    undefined = np.isnan(values)
    known = (undefined.mean(0) <= MAX_UNDEFINED) & (num_videos >= MIN_VIDEOS)
    found = np.where(known, values, 0.0)
    if num_videos >= MANY_VIDEOS:
        low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    else:
        # Resamples of V videos vary less than samples of V videos, by (V - 1) / V.
        factor = sqrt(num_videos / max(1, num_videos - 1))
        reach = t_quantile(level, max(1, num_videos - 1)) * factor * np.nanstd(found, 0)
        low, high = value - reach, value + reach
    return Interval(
        value=value,
        low=np.where(known, low, np.nan)[()],
        high=np.where(known, high, np.nan)[()],
        level=level,
        num_resamples=len(values),
        num_undefined=undefined.sum(0),
        num_videos=num_videos,
    )


def _varies(values: Floats) -> NDArray[np.bool_]:
    """Return whether scores differ by more than rounding; NaN are left out."""
    defined = np.isfinite(values)
    low = np.min(values, 0, where=defined, initial=np.inf)
    high = np.max(values, 0, where=defined, initial=-np.inf)
    return np.asarray(high - low > SAME_SCORE * np.abs(high))


def _same_frames(stats_a: VideoStatistics, stats_b: VideoStatistics) -> bool:
    return all(
        np.array_equal(own, other)
        for own, other in (
            (stats_a.valence.count, stats_b.valence.count),
            (stats_a.arousal.count, stats_b.arousal.count),
            (stats_a.expression.num_rows(), stats_b.expression.num_rows()),
            (stats_a.action_units.num_valid, stats_b.action_units.num_valid),
            (stats_a.dimensions.counts(), stats_b.dimensions.counts()),
            (stats_a.intensities.counts(), stats_b.intensities.counts()),
        )
    )
