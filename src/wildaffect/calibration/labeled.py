"""Outputs and labels of several videos, aligned by row, for fitting a calibration.

Symbols: V videos, N rows of all of them, C classes, K action units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.errors import EvaluationError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import (
    Calibration,
    expression_probs,
    unit_probs,
    units_present,
)
from wildaffect.inference.smoothing import SmoothingKind, smooth
from wildaffect.metrics.scores import VideoStatistics, sums_by_video

Probs = NDArray[np.float32]
Decided = dict[Task, NDArray[Any]]
"""Valence and arousal (N,), class (N,), presence of units and values on scales (N, K)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledRows:
    """Outputs and labels of the same rows of V videos, grouped by video."""

    outputs: tuple[SequenceOutputs, ...]
    video_index: NDArray[np.int64]
    """Position in `outputs`, ascending, shape (N,)."""
    labels: dict[Task, TaskColumn]
    """Labels of N rows; only tasks that are predicted."""

    @property
    def videos(self) -> tuple[str, ...]:
        """Name of each video."""
        return tuple(output.video for output in self.outputs)

    def smoothed(self, task: Task, kind: SmoothingKind | None) -> Probs:
        """Return the outputs of a task, smoothed per video, shape (N, ...)."""
        if kind is None:
            return np.concatenate([output.probs[task] for output in self.outputs])
        parts = [
            smooth(output.probs[task].reshape(len(output), -1), output.time_s, kind)
            for output in self.outputs
        ]
        shape = (-1, *self.outputs[0].probs[task].shape[1:])
        return np.concatenate(parts).reshape(shape)


def label_rows(
    outputs: Sequence[SequenceOutputs], targets: Mapping[str, TaskColumns]
) -> LabeledRows:
    """Align outputs and labels of the same rows.

    Args:
        outputs: Outputs of each video, all with the same tasks.
        targets: Labels by video, of the same rows as its outputs.

    Raises:
        EvaluationError: If there is no video, a video is repeated or has no labels, the
            numbers of rows differ, or videos differ in the predicted tasks.
    """
    _check_alike(outputs, targets)
    lengths = [len(output) for output in outputs]
    labels = [targets[output.video] for output in outputs]
    tasks = [task for task in Task if task in outputs[0].probs]
    return LabeledRows(
        outputs=tuple(outputs),
        video_index=np.repeat(np.arange(len(outputs)), lengths),
        labels={
            task: TaskColumn.concatenate([of_video[task] for of_video in labels])
            for task in tasks
        },
    )


def decide(
    probs: Mapping[Task, Probs], calibration: Calibration, *, rows: NDArray[np.bool_]
) -> Decided:
    """Return the predictions for the selected rows, from smoothed outputs."""
    decided: Decided = {}
    for task, values in probs.items():
        match task:
            case Task.VALENCE | Task.AROUSAL | Task.DIMENSIONS | Task.INTENSITIES:
                decided[task] = values[rows]
            case Task.EXPRESSION:
                decided[task] = expression_probs(values[rows], calibration).argmax(1)
            case Task.ACTION_UNITS:
                tempered = unit_probs(values[rows], calibration)
                decided[task] = units_present(tempered, calibration).astype(np.int8)
    return decided


def statistics(rows: LabeledRows, decided: Decided, spaces: LabelSpaces) -> VideoStatistics:
    """Return the score statistics of each video; missing tasks do not count."""
    num_rows, num_videos = len(rows.video_index), len(rows.videos)

    def columns(task: Task) -> dict[str, Any]:
        nothing = TaskColumn.empty((num_rows, *spaces.width(task)), np.int64)
        labels = rows.labels.get(task, nothing)
        return {
            "target": labels.values,
            "pred": decided.get(task, nothing.values),
            "valid": labels.valid,
            "groups": rows.video_index,
        }

    return VideoStatistics(
        videos=rows.videos,
        subjects=rows.videos,
        spaces=spaces,
        **sums_by_video({task: columns(task) for task in Task}, spaces, num_videos),
    )


def held_out(rows: LabeledRows, folds: Sequence[Sequence[str]]) -> list[NDArray[np.bool_]]:
    """Return the mask of each fold's videos, each of shape (V,)."""
    named = sorted(video for fold in folds for video in fold)
    if len(folds) < 2 or named != sorted(rows.videos):
        raise EvaluationError(
            f"folds: at least two must hold each of the {len(rows.videos)} videos with "
            f"outputs once, got {len(folds)} with {len(named)} videos, "
            f"{len(set(named) & set(rows.videos))} of them known"
        )
    return [np.isin(rows.videos, list(fold)) for fold in folds]


def joined(
    rows: LabeledRows, parts: Sequence[tuple[NDArray[np.bool_], Decided]]
) -> Decided:
    """Return the predictions of all folds, for all rows."""
    joined: Decided = {}
    for held, decided in parts:
        for task, values in decided.items():
            if task not in joined:
                shape = (len(rows.video_index), *values.shape[1:])
                joined[task] = np.zeros(shape, values.dtype)
            joined[task][held[rows.video_index]] = values
    return joined


def _check_alike(
    outputs: Sequence[SequenceOutputs], targets: Mapping[str, TaskColumns]
) -> None:
    if not outputs:
        raise EvaluationError("outputs: must hold at least one video, got none")
    tasks = outputs[0].probs.keys()
    seen: set[str] = set()
    for output in outputs:
        if output.video in seen:
            raise EvaluationError(f"{output.video}: must have outputs once, got them twice")
        seen.add(output.video)
        if output.video not in targets:
            raise EvaluationError(f"{output.video}: outputs must have labels, got none")
        if len(targets[output.video]) != len(output):
            raise EvaluationError(
                f"{output.video}: labels must be of the {len(output)} rows with outputs, "
                f"got {len(targets[output.video])}"
            )
        if output.probs.keys() != tasks:
            raise EvaluationError(
                f"{output.video}: tasks must be those of {outputs[0].video} "
                f"({', '.join(tasks)}), got {', '.join(output.probs)}"
            )
