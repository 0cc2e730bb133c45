"""Official scores of tasks, their sum, and files of scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from wildaffect.core.records import read_record, write_record
from wildaffect.core.tasks import SINGLE_TASKS, Task
from wildaffect.metrics.bootstrap import bootstrap_interval, interval_text
from wildaffect.metrics.scores import TaskScores, VideoStatistics

NUM_RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """Scores of raw or of post-processed outputs."""

    name: str
    scores: dict[str, float]
    """Score per task, and their sum as `score`."""
    low: float | None
    """Lower end of the 95 % interval of the sum, over resampled videos; None, like `high`,
    for too few videos."""
    high: float | None

    @property
    def interval(self) -> str:
        """Return the interval in words."""
        if self.low is None or self.high is None:
            return interval_text(nan, nan)
        return interval_text(self.low, self.high)

    @property
    def total(self) -> str:
        """Return the sum in words."""
        return f"score {score_text(self.scores['score'])}"


def score_text(value: float) -> str:
    """Return a score, or that no frame has a label of its task."""
    return "no labels" if np.isnan(value) else f"{value:.3f}"


_SCORES = TypeAdapter(list[ScoreLine])


def score_line(
    name: str, statistics: VideoStatistics, tasks: Sequence[Task], *, seed: int
) -> ScoreLine:
    """Return the pooled scores of all videos, with an interval for the sum."""
    pooled = statistics.pooled()
    labeled = labeled_tasks(pooled, tasks) or tasks
    interval = bootstrap_interval(
        statistics,
        lambda scores: score_sum(scores, labeled),
        limits=_sum_limits(labeled),
        num_resamples=NUM_RESAMPLES,
        seed=seed,
    )
    return ScoreLine(
        name=name,
        scores=task_scores(pooled, tasks),
        low=None if np.isnan(interval.low) else float(interval.low),
        high=None if np.isnan(interval.high) else float(interval.high),
    )


def write_scores(lines: Sequence[ScoreLine], path: Path) -> None:
    """Write scores as JSON for scripts and later comparison."""
    write_record(_SCORES, list(lines), path)


def read_scores(path: Path) -> list[ScoreLine]:
    """Read what `write_scores` wrote.

    Raises:
        UsageError: If the file is damaged.
    """
    return read_record(_SCORES, path, "scores")


def labeled_tasks(scores: TaskScores, tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that have labels: their score is a number."""
    found = _by_task(scores)
    return [task for task in tasks if not np.isnan(found[task])]


def score_sum(scores: TaskScores, tasks: Sequence[Task]) -> Any:
    """Return the sum of official scores over the tasks, for one or many resamples.

    NaN for no task: the sum of nothing is no score.
    """
    found = _by_task(scores)
    scales = [found[task] for task in (Task.VALENCE, Task.AROUSAL) if task in tasks]
    parts = [sum(scales) / len(scales)] if scales else []
    parts += [found[task] for task in found if task in tasks and task not in SINGLE_TASKS]
    return sum(parts) if parts else np.nan


def _sum_limits(tasks: Sequence[Task]) -> tuple[float, float]:
    """Return the lowest and the highest possible `score_sum`: correlations may be -1."""
    f1 = {Task.EXPRESSION, Task.ACTION_UNITS} & set(tasks)
    correlations = set(tasks) - f1 - SINGLE_TASKS
    num_correlated = len(correlations) + bool(SINGLE_TASKS & set(tasks))
    return -float(num_correlated), float(num_correlated + len(f1))


def task_scores(scores: TaskScores, tasks: Sequence[Task]) -> dict[str, float]:
    """Return the official score of each task and their sum as `score`.

    A task that is not predicted is omitted; a task without labels is NaN, and left out of
    the sum.
    """
    found = {
        str(task): float(value) for task, value in _by_task(scores).items() if task in tasks
    }
    return found | {"score": float(score_sum(scores, labeled_tasks(scores, tasks)))}


def _by_task(scores: TaskScores) -> dict[Task, Any]:
    return {
        Task.VALENCE: scores.ccc_valence,
        Task.AROUSAL: scores.ccc_arousal,
        Task.EXPRESSION: scores.macro_f1_expression,
        Task.ACTION_UNITS: scores.mean_f1_action_units,
        Task.DIMENSIONS: scores.mean_ccc_dimensions,
        Task.INTENSITIES: scores.mean_icc_intensities,
    }
