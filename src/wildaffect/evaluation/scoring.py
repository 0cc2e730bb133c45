"""Scores of a report from the statistics of its videos, by `wildaffect.metrics`.

Symbols: V videos, M scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import Task
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
from wildaffect.evaluation.score_names import limits_of, named_values, score_names
from wildaffect.metrics.bootstrap import bootstrap_interval, paired_bootstrap
from wildaffect.metrics.scores import TaskScores, VideoStatistics


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
    names = score_names(tasks, protocol, statistics.spaces)
    interval = bootstrap_interval(
        statistics,
        lambda scores: named_values(scores, names, protocol, statistics.spaces),
        limits=limits_of(names, protocol),
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
        for name, title in score_names(tasks, protocol, this.spaces).items()
        if not name.startswith((CLASSES, UNITS))
    }

    def measure(scores: TaskScores) -> NDArray[np.float64]:
        return named_values(scores, names, protocol, this.spaces)

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


def _divide(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    result = np.full(below.shape, np.nan)
    return np.divide(above, below, out=result, where=below > 0)


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    flat = np.atleast_1d(values).tolist()
    return [None if value != value else float(value) for value in flat]  # noqa: PLR0124
