"""Scores of a report from the statistics of its videos, by `wildaffect.metrics`.

Symbols: V videos, M scores.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.evaluation.label_scores import (
    CLASSES,
    UNITS,
    class_scores,
    confusion_of,
    unit_scores,
)
from wildaffect.evaluation.protocols import Protocol
from wildaffect.evaluation.report import (
    Confusion,
    Difference,
    GroupScore,
    LabelScore,
    Resampling,
    Score,
)
from wildaffect.metrics.bootstrap import Limits, bootstrap_interval, paired_bootstrap
from wildaffect.metrics.scores import TaskScores, VideoStatistics

_SCALES = (Task.VALENCE, Task.AROUSAL)
_TITLES = {
    "ccc": "CCC",
    "pcc": "correlation",
    "icc": "ICC(3,1)",
    "mae": "absolute error",
    "kappa": "quadratic kappa",
}
SCALE_SCORES = (
    (Task.DIMENSIONS, "ccc", ("ccc", "pcc", "mae")),
    (Task.INTENSITIES, "icc", ("icc", "ccc", "pcc", "mae", "kappa")),
)
"""Task, the score whose mean stands for it, and the scores of each of its scales."""

_TERMS = ("va.mean_ccc", "expression.macro_f1", "action_units.mean_f1")
"""Scores whose sum is the overall score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the bootstrap."""

    num_resamples: int = 2000
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """All scores of a system, with intervals."""

    overall: Score | None
    scores: tuple[Score, ...]
    expressions: tuple[LabelScore, ...]
    action_units: tuple[LabelScore, ...]
    confusion: Confusion | None


def score_videos(
    statistics: VideoStatistics,
    tasks: Sequence[Task],
    protocol: Protocol,
    settings: Settings,
) -> Scored:
    """Return the scores of the tasks over all videos pooled.

    Args:
        statistics: Statistics of V videos.
        tasks: Scored tasks.
        protocol: Defines the overall score.
        settings: Settings of the bootstrap.
    """
    names = _score_names(tasks, protocol, statistics.spaces)
    interval = bootstrap_interval(
        statistics,
        lambda scores: _values(scores, names, statistics.spaces),
        limits=_limits(names),
        num_resamples=settings.num_resamples,
        level=settings.confidence,
        seed=settings.seed,
    )
    found = {
        name: Score(name=name, title=title, value=value, low=low, high=high)
        for (name, title), value, low, high in zip(
            names.items(),
            _plain(interval.value),
            _plain(interval.low),
            _plain(interval.high),
            strict=True,
        )
    }
    labels = (CLASSES, UNITS)
    return Scored(
        overall=found.get("overall"),
        scores=tuple(
            score
            for name, score in found.items()
            if name != "overall" and not name.startswith(labels)
        ),
        expressions=class_scores(statistics, found),
        action_units=unit_scores(statistics, found),
        confusion=confusion_of(statistics) if Task.EXPRESSION in tasks else None,
    )


def compare_videos(
    this: VideoStatistics,
    other: VideoStatistics,
    tasks: Sequence[Task],
    *,
    protocol: Protocol,
    settings: Settings,
) -> tuple[Difference, ...]:
    """Return paired differences, this minus other, of all scores except per-label scores.

    Args:
        this: Statistics of V videos.
        other: Statistics of the same videos in the same order, on the same frames.
        tasks: Tasks that both are scored on.
        protocol: Defines the overall score.
        settings: Settings of the bootstrap.
    """
    names = {
        name: title
        for name, title in _score_names(tasks, protocol, this.spaces).items()
        if not name.startswith((CLASSES, UNITS))
    }

    def measure(scores: TaskScores) -> NDArray[np.float64]:
        return _values(scores, names, this.spaces)

    paired = paired_bootstrap(
        this,
        other,
        measure,
        num_resamples=settings.num_resamples,
        level=settings.confidence,
        seed=settings.seed,
    )
    rows = zip(
        names.items(),
        _plain(measure(this.pooled())),
        _plain(measure(other.pooled())),
        _plain(paired.difference.value),
        _plain(paired.difference.low),
        _plain(paired.difference.high),
        _plain(paired.share_above_0),
        strict=True,
    )
    return tuple(
        Difference(
            score=Score(name=name, title=title, value=value, low=low, high=high),
            this=mine,
            other=theirs,
            share_above=above,
        )
        for (name, title), mine, theirs, value, low, high, above in rows
    )


def score_groups(
    names: Sequence[str],
    subjects: Sequence[str],
    num_frames: NDArray[np.int64],
    scores: TaskScores,
    statistics: VideoStatistics,
) -> tuple[GroupScore, ...]:
    """Return scores per video or person, in order; those without a scored row are omitted.

    Args:
        names: Names of the groups.
        subjects: Person of each.
        num_frames: Number of rows of each group that are scored in some task.
        scores: Scores, one value per group.
        statistics: Statistics of the groups, in the same order.
    """
    counts = statistics.expression.counts
    hits = np.trace(counts, axis1=-2, axis2=-1)
    accuracy = _divide(hits, counts.sum((-2, -1)))
    units = statistics.action_units
    right = 2.0 * units.true_positives.sum(-1)
    wrong = (units.false_positives + units.false_negatives).sum(-1)
    f1 = _divide(right, right + wrong)
    columns = [
        _plain(each) for each in (scores.ccc_valence, scores.ccc_arousal, accuracy, f1)
    ]
    return tuple(
        GroupScore(
            name=names[row],
            subject=subjects[row],
            num_frames=int(num_frames[row]),
            ccc_valence=columns[0][row],
            ccc_arousal=columns[1][row],
            expression_accuracy=columns[2][row],
            action_unit_f1=columns[3][row],
        )
        for row in range(len(names))
        if num_frames[row]
    )


def resampling_of(statistics: VideoStatistics, settings: Settings) -> Resampling:
    """Return the settings of the bootstrap."""
    return Resampling(
        num_videos=len(statistics),
        num_resamples=settings.num_resamples,
        confidence=settings.confidence,
        seed=settings.seed,
    )


def _score_names(
    tasks: Sequence[Task], protocol: Protocol, spaces: LabelSpaces
) -> dict[str, str]:
    """Return name -> title of every score of the tasks, the overall score first."""
    names: dict[str, str] = {}
    if protocol.needs_all:
        names["overall"] = protocol.title
    for task in _SCALES:
        if task in tasks:
            what = task.value.capitalize()
            names[f"{task}.ccc"] = f"{what} CCC"
            names[f"{task}.pcc"] = f"{what} correlation"
            names[f"{task}.mse"] = f"{what} squared error"
    if set(_SCALES) <= set(tasks):
        names["va.mean_ccc"] = "Mean CCC"
    if Task.EXPRESSION in tasks:
        labels = spaces.expressions.labels
        names["expression.macro_f1"] = f"Expression F1, mean of {len(labels)}"
        names |= {f"{CLASSES}{label}": label for label in labels}
    if Task.ACTION_UNITS in tasks:
        labels = spaces.action_units.labels
        names["action_units.mean_f1"] = f"Action-unit F1, mean of {len(labels)}"
        names |= {f"{UNITS}{label}": label for label in labels}
    for task, mean, of_label in SCALE_SCORES:
        if task not in tasks:
            continue
        labels = spaces.scales(task).labels
        title = f"{_TITLES[mean]}, mean of {len(labels)} {task.words}"
        names[f"{task}.mean_{mean}"] = title
        names |= {
            f"{task}.{label}.{name}": f"{label} {_TITLES[name]}"
            for label in labels
            for name in of_label
        }
    return names


def _limits(names: Collection[str]) -> Limits:
    """Return the lowest and the highest possible value of the named scores, shape (M,)."""
    terms = [_range(term) for term in _TERMS if term in names]
    overall = tuple(map(sum, zip(*terms, strict=True)))
    low, high = np.transpose(
        [overall if name == "overall" else _range(name) for name in names]
    )
    return low, high


def _range(name: str) -> tuple[float, float]:
    if name.startswith((CLASSES, UNITS)) or name.endswith("_f1"):
        return 0.0, 1.0
    return (0.0, np.inf) if name.endswith((".mse", ".mae")) else (-1.0, 1.0)


def _values(
    scores: TaskScores, names: dict[str, str], spaces: LabelSpaces
) -> NDArray[np.float64]:
    """Return the named scores, shape (..., M)."""
    known: dict[str, NDArray[np.float64]] = {
        "valence.ccc": scores.ccc_valence,
        "valence.pcc": scores.pcc_valence,
        "valence.mse": scores.mse_valence,
        "arousal.ccc": scores.ccc_arousal,
        "arousal.pcc": scores.pcc_arousal,
        "arousal.mse": scores.mse_arousal,
        "va.mean_ccc": scores.mean_ccc,
        "expression.macro_f1": scores.macro_f1_expression,
        "action_units.mean_f1": scores.mean_f1_action_units,
    }
    for index, label in enumerate(spaces.expressions.labels):
        known[f"{CLASSES}{label}"] = scores.f1_expression[..., index]
    for index, label in enumerate(spaces.action_units.labels):
        known[f"{UNITS}{label}"] = scores.f1_action_units[..., index]
    for task, mean, of_label in SCALE_SCORES:
        found = getattr(scores, task)
        known[f"{task}.mean_{mean}"] = found.mean(mean)
        for index, label in enumerate(spaces.scales(task).labels):
            for name in of_label:
                known[f"{task}.{label}.{name}"] = getattr(found, name)[..., index]
    overall = [known[term] for term in _TERMS if term in names]
    known["overall"] = np.sum(overall, axis=0) if overall else scores.p_mtl
    return np.stack([np.asarray(known[name]) for name in names], axis=-1)


def _divide(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    result = np.full(below.shape, np.nan)
    return np.divide(above, below, out=result, where=below > 0)


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    flat = np.atleast_1d(values).tolist()
    return [None if value != value else float(value) for value in flat]  # noqa: PLR0124
