"""Official scores of tasks, their sum, and files of scores."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
UNDEFINED = "not defined"
"""Text of a score that is no number for a reason that is not recorded."""


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
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a score is not a number, for each that is not; see `why_undefined`."""

    def text(self, name: str) -> str:
        """Return a score, or why it is not a number."""
        return score_text(self.scores[name], self.undefined.get(name, UNDEFINED))

    @property
    def interval(self) -> str:
        """Return the interval in words."""
        if self.low is None or self.high is None:
            return interval_text(nan, nan)
        return interval_text(self.low, self.high)

    @property
    def total(self) -> str:
        """Return the sum in words."""
        return f"score {self.text('score')}"


def score_text(value: float, reason: str) -> str:
    """Return a score, or the reason why it is not a number."""
    return reason if np.isnan(value) else f"{value:.3f}"


def why_undefined(scores: TaskScores, tasks: Sequence[Task]) -> dict[str, str]:
    """Return why the score of a task, or their sum, is not a number; for those alone.

    A correlation needs two labels, and labels or predictions that vary. F1 is a number
    wherever there are labels: that of a class that never occurs is 0.
    """
    num_labels = {
        Task.VALENCE: scores.num_valence,
        Task.AROUSAL: scores.num_arousal,
        Task.EXPRESSION: scores.num_expression,
        Task.ACTION_UNITS: scores.num_action_units,
        Task.DIMENSIONS: scores.dimensions.num,
        Task.INTENSITIES: scores.intensities.num,
    }
    texts = {0: "no labels", 1: "one label"}
    found = {
        str(task): texts.get(int(np.max(num_labels[task], initial=0)), "constant labels")
        for task in tasks
        if np.isnan(_by_task(scores)[task])
    }
    if len(found) == len(tasks):  # the sum of nothing
        reasons = set(found.values())
        found["score"] = reasons.pop() if len(reasons) == 1 else UNDEFINED
    return found


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
        undefined=why_undefined(pooled, tasks),
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
    """Return the tasks whose score is a number: those with labels that define it."""
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

    A task that is not predicted is omitted; one without labels, or with constant ones, is
    NaN, and left out of the sum.
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
