"""Greedy selection of ensemble members, scored on held-out videos.

Symbols: M members, V videos, N rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.ensembling import average
from wildaffect.calibration.labeled import (
    Decided,
    LabeledRows,
    Probs,
    decide,
    held_out,
    joined,
    label_rows,
    statistics,
)
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.errors import BadOutputs
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts
from wildaffect.metrics.scales import SCORE_OF_SCALES, ScaleSums
from wildaffect.metrics.scores import VideoStatistics

MISSING_TASK_PENALTY = 100.0
"""Penalty for each task that no member predicts: more than all tasks can contribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Number of times that each member was selected, and the resulting scores."""

    counts: tuple[int, ...]
    """Number of picks of each member on all videos: the weights of the ensemble."""
    fold_counts: tuple[tuple[int, ...], ...]
    """The same without each fold; their differences show the uncertainty."""
    in_sample: VideoStatistics
    """Scores of all videos with the members picked on them."""
    out_of_sample: VideoStatistics
    """Scores of all videos, each with the members picked without its fold."""


def select_members(
    members: Sequence[Sequence[SequenceOutputs]],
    targets: Mapping[str, TaskColumns],
    folds: Sequence[Sequence[str]],
    *,
    max_picks: int = 20,
    calibration: Calibration | None = None,
    spaces: LabelSpaces | None = None,
) -> Selection:
    """Select members greedily, with replacement, while the multi-task score improves.

    The score is the sum over the tasks that are predicted and labeled: P_MTL if all are.
    Each task is averaged over the selected members that predict it; tasks that no selected
    member predicts take priority over the score. Valence and arousal are averaged without
    rescaling; rescale members before if needed.

    Args:
        members: Outputs of each member, smoothed if desired.
        targets: Labels by video, of the same rows.
        folds: Videos of each fold; every video in exactly one fold.
        max_picks: Maximum number of picks; the best stage is used.
        calibration: Biases and thresholds for the ensemble's decisions; None for the most
            probable class, and 0.5.
        spaces: Label spaces, for the scores.

    Raises:
        BadOutputs: If members have different rows, or `max_picks` is too small to cover
            every task.
        EvaluationError: If outputs, labels and folds are inconsistent.

    Source:
        Caruana et al., "Ensemble selection from libraries of models", ICML 2004, with
        replacement; without bagging of models and sorted initialization, and with a
        cross-fitted selection.
    """
    rows = label_rows(average(members), targets)
    picker = _Picker(rows, members, calibration or Calibration())
    everything = np.ones(len(rows.videos), bool)
    held = held_out(rows, folds)
    counts = picker.pick(everything, max_picks)
    per_fold = [picker.pick(~fold, max_picks) for fold in held]
    parts = [
        (fold, picker.decided(found, fold))
        for fold, found in zip(held, per_fold, strict=True)
    ]
    spaces = spaces or LabelSpaces()
    return Selection(
        counts=tuple(counts.tolist()),
        fold_counts=tuple(tuple(counts.tolist()) for counts in per_fold),
        in_sample=statistics(rows, picker.decided(counts, everything), spaces),
        out_of_sample=statistics(rows, joined(rows, parts), spaces),
    )


class _Picker:
    """Scores weighted ensembles over any subset of the videos."""

    def __init__(
        self,
        rows: LabeledRows,
        members: Sequence[Sequence[SequenceOutputs]],
        calibration: Calibration,
    ) -> None:
        self._rows, self._calibration = rows, calibration
        self._outputs: list[dict[Task, Probs]] = [
            {
                task: np.concatenate([output.probs[task] for output in member])
                for task in member[0].probs
            }
            for member in members
        ]

    def pick(self, counted: NDArray[np.bool_], max_picks: int) -> NDArray[np.int64]:
        """Return how often each member is picked on the selected videos, shape (M,)."""
        is_counted, label_row = self._rows.rows_of(counted)
        predicted = [
            {task: values[is_counted] for task, values in member.items()}
            for member in self._outputs
        ]
        labels = {
            task: column.take(np.flatnonzero(counted[self._rows.video_index]))
            for task, column in self._rows.labels.items()
        }
        counts = np.zeros(len(predicted), np.int64)
        best, best_score = counts, -np.inf
        sums = _Sums({}, {})
        for _ in range(max_picks):
            scores = [
                self._score(sums.plus(member).mean(), labels, label_row)
                for member in predicted
            ]
            chosen = int(np.argmax(scores))
            counts = counts + (np.arange(len(predicted)) == chosen)
            sums = sums.plus(predicted[chosen])
            if scores[chosen] > best_score:
                best, best_score = counts, scores[chosen]
        missing = set(self._rows.labels) - set(sums.total)
        if missing:
            raise BadOutputs(
                f"selection: max_picks must reach for members of every task, got "
                f"{max_picks} without {', '.join(sorted(missing))}"
            )
        return best

    def decided(self, counts: NDArray[np.int64], counted: NDArray[np.bool_]) -> Decided:
        """Return the ensemble's predictions for the rows of the selected videos."""
        mixed: dict[Task, Probs] = {}
        for task in self._rows.labels:
            places = [i for i, member in enumerate(self._outputs) if task in member]
            share = (counts[places] / counts[places].sum()).astype(np.float32)
            predicted = np.stack([self._outputs[i][task] for i in places])
            mixed[task] = np.tensordot(share, predicted, axes=1)
        is_counted, label_row = self._rows.rows_of(counted)
        selected = {task: values[is_counted] for task, values in mixed.items()}
        return decide(selected, self._calibration, label_row)

    def _score(
        self,
        mixed: Mapping[Task, Probs],
        labels: Mapping[Task, TaskColumn],
        label_row: NDArray[np.int64],
    ) -> float:
        """Return the multi-task score of the labels, without tasks that have none."""
        decided = decide(mixed, self._calibration, label_row)
        scores = [
            _task_score(
                task,
                labels[task].values,
                decided[task],
                valid=labels[task].valid,
                num_classes=mixed[task].shape[-1],
            )
            for task in decided
        ]
        num_missing = len(self._rows.labels) - len(mixed)
        return float(np.nan_to_num(scores).sum()) - MISSING_TASK_PENALTY * num_missing


class _Sums(NamedTuple):
    """Sums of the outputs of the selected members."""

    total: Mapping[Task, Any]
    num_picks: Mapping[Task, int]
    """Number of picks of members that predict a task."""

    def plus(self, added: Mapping[Task, Probs]) -> "_Sums":
        """Return the sums with another pick."""
        total, num_picks = dict(self.total), dict(self.num_picks)
        for task, values in added.items():
            total[task] = total[task] + values if task in total else values
            num_picks[task] = num_picks.get(task, 0) + 1
        return _Sums(total, num_picks)

    def mean(self) -> dict[Task, Probs]:
        """Return the mean of each task."""
        return {task: total / self.num_picks[task] for task, total in self.total.items()}


def _task_score(
    task: Task,
    target: NDArray[Any],
    pred: NDArray[Any],
    *,
    valid: NDArray[np.bool_],
    num_classes: int,
) -> float:
    """Return a task's contribution to P_MTL."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return float(AgreementSums.of(target, pred, valid=valid).ccc()) / 2
        case Task.EXPRESSION:
            counts = ConfusionCounts.of(target, pred, num_classes, valid=valid)
            return float(counts.macro_f1())
        case Task.DIMENSIONS | Task.INTENSITIES:
            nothing = np.zeros(len(target), np.int64)
            sums = ScaleSums.by_group(target, pred, nothing, num_groups=1, valid=valid)
            return float(sums.pooled().scores().mean(SCORE_OF_SCALES[task]))
        case Task.ACTION_UNITS:
            return float(UnitCounts.of(target, pred, valid=valid).mean_f1())
