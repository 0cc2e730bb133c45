"""Conditions compared over participants: mean curves and differences with intervals.

A participant counts once: trials of one condition are averaged first. Symbols: N
participants, K signals, T steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.metrics.mean_intervals import (
    MeanInterval,
    difference_interval,
    mean_interval,
)
from wildaffect.study.curves import TrialCurves

Floats = NDArray[np.float64]
MIN_PARTICIPANTS = 5
"""Minimum number of participants of a condition; an interval over fewer means little."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition:
    """Curves of the participants in one condition."""

    name: str
    participants: tuple[str, ...]
    curves: Floats
    """Mean over the trials of each participant, shape (N, T, K)."""
    num_trials: tuple[int, ...]

    @property
    def means(self) -> Floats:
        """Mean of each participant over the window, shape (N, K)."""
        known = ~np.isnan(self.curves)
        count = known.sum(1)
        total = np.where(known, self.curves, 0.0).sum(1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean of one signal in one condition less that in another."""

    signal: str
    first: str
    second: str
    design: Literal["within", "between"]
    """The same participants in both conditions, or different ones."""
    num_participants: int
    difference: float
    low: float
    """NaN, as `high`, where fewer than five participants (of each group) have a value, or
    few differ from the others."""
    high: float
    effect_size: float
    """Within: Cohen's d_z; between: Cohen's d with the pooled standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Result of a study."""

    signals: tuple[str, ...]
    conditions: tuple[Condition, ...]
    curves: Mapping[str, tuple[MeanInterval, ...]]
    """Condition -> mean curve of each signal, with T values."""
    differences: tuple[Difference, ...]


def compare_conditions(
    trials: Sequence[TrialCurves],
    signals: Sequence[str],
    *,
    num_resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare every pair of conditions over participants.

    Args:
        trials: Trials that are used.
        signals: Names of the K signals.
        num_resamples: Resamples of participants for each interval of 95 %.
        seed: Equal seeds give equal intervals.

    Raises:
        UsageError: If there are fewer than two conditions, a condition has fewer than five
            participants, or two conditions share some participants but fewer than five.
    """
    conditions = _conditions(trials)
    if len(conditions) < 2:
        raise UsageError("study: two conditions or more are needed to compare them")
    for condition in conditions:
        if len(condition.participants) < MIN_PARTICIPANTS:
            raise UsageError(
                f"study: condition {condition.name!r} has "
                f"{len(condition.participants)} participants with usable trials, at least "
                f"{MIN_PARTICIPANTS} are needed for an interval"
            )
    curves = {
        condition.name: tuple(
            mean_interval(
                condition.curves[:, :, place], num_resamples=num_resamples, seed=seed
            )
            for place in range(len(signals))
        )
        for condition in conditions
    }
    differences = [
        difference
        for first, second in combinations(conditions, 2)
        for difference in _differences(first, second, signals, num_resamples, seed)
    ]
    return Comparison(
        signals=tuple(signals),
        conditions=conditions,
        curves=curves,
        differences=tuple(differences),
    )


def _conditions(trials: Sequence[TrialCurves]) -> tuple[Condition, ...]:
    """Return the conditions in the order of the study file."""
    grouped: dict[str, dict[str, list[Floats]]] = {}
    for each in trials:
        people = grouped.setdefault(each.trial.condition, {})
        people.setdefault(each.trial.participant, []).append(each.values)
    return tuple(
        Condition(
            name=name,
            participants=tuple(sorted(people)),
            curves=np.array([_mean(people[person]) for person in sorted(people)]),
            num_trials=tuple(len(people[person]) for person in sorted(people)),
        )
        for name, people in grouped.items()
    )


def _mean(curves: list[Floats]) -> Floats:
    stacked = np.array(curves)
    known = ~np.isnan(stacked)
    count = known.sum(0)
    total = np.where(known, stacked, 0.0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _differences(
    first: Condition,
    second: Condition,
    signals: Sequence[str],
    num_resamples: int,
    seed: int,
) -> list[Difference]:
    shared = sorted(set(first.participants) & set(second.participants))
    if shared and len(shared) < MIN_PARTICIPANTS:
        raise UsageError(
            f"study: conditions {first.name!r} and {second.name!r} share {len(shared)} "
            f"participants, at least {MIN_PARTICIPANTS} (or none) are needed"
        )
    a, b = first.means, second.means
    if shared:
        rows_a = [first.participants.index(person) for person in shared]
        rows_b = [second.participants.index(person) for person in shared]
        paired = a[rows_a] - b[rows_b]
        interval = mean_interval(paired, num_resamples=num_resamples, seed=seed)
        spread = _sd(paired)
    else:
        interval = difference_interval(a, b, num_resamples=num_resamples, seed=seed)
        free_a, free_b = ((~np.isnan(group)).sum(0) - 1 for group in (a, b))
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.sqrt(
                (_sd(a) ** 2 * free_a + _sd(b) ** 2 * free_b) / (free_a + free_b)
            )
    known = [paired] if shared else [a, b]
    is_enough = np.all([(~np.isnan(g)).sum(0) >= MIN_PARTICIPANTS for g in known], axis=0)
    has_spread = spread > 1e-9 * np.maximum(np.abs(interval.mean), 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        effects = np.where(has_spread & is_enough, interval.mean / spread, np.nan)
    return [
        Difference(
            signal=signal,
            first=first.name,
            second=second.name,
            design="within" if shared else "between",
            num_participants=int(interval.num_people[place]),
            difference=float(interval.mean[place]),
            low=float(interval.low[place]) if is_enough[place] else float("nan"),
            high=float(interval.high[place]) if is_enough[place] else float("nan"),
            effect_size=float(effects[place]),
        )
        for place, signal in enumerate(signals)
    ]


def _sd(values: Floats) -> Floats:
    """Return the standard deviation of each column over the people that have a value."""
    known = ~np.isnan(values)
    count = known.sum(0)
    mean = np.where(known, values, 0.0).sum(0) / np.maximum(count, 1)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(0)
    return np.sqrt(squares / np.maximum(count - 1, 1))
