"""Outputs and labels of several videos, aligned by row, for fitting a calibration.

A label of a whole video is compared with all rows of its outputs, which are decided one by
one and then pooled, as `evaluate` pools a table of frames.
Symbols: V videos, M rows of outputs of all of them, N rows of labels, C classes, K action
units.
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

Probs = NDArray[Any]
Decided = dict[Task, NDArray[Any]]
"""Valence and arousal (N,), class (N,), presence of units and values on scales (N, K)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLabels(TaskColumns):
    """Labels of a video as a whole: one row, whatever the number of rows of its outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledRows:
    """Outputs and labels of V videos, grouped by video."""

    outputs: tuple[SequenceOutputs, ...]
    video_index: NDArray[np.int64]
    """Position in `outputs` of each row of labels, ascending, shape (N,)."""
    label_row: NDArray[np.int64]
    """Row of the labels of each row of the outputs, ascending, shape (M,)."""
    labels: dict[Task, TaskColumn]
    """Labels of N rows; only tasks that are predicted."""

    @property
    def videos(self) -> tuple[str, ...]:
        """Name of each video."""
        return tuple(output.video for output in self.outputs)

    @property
    def has_frames(self) -> bool:
        """Return whether any labels are of single rows, not of a whole video."""
        return len(self.video_index) > len(self.videos)

    def smoothed(self, task: Task, kind: SmoothingKind | None) -> Probs:
        """Return the outputs of a task, smoothed per video, shape (M, ...)."""
        if kind is None:
            return np.concatenate([output.probs[task] for output in self.outputs])
        parts = [
            smooth(output.probs[task].reshape(len(output), -1), output.time_s, kind)
            for output in self.outputs
        ]
        shape = (-1, *self.outputs[0].probs[task].shape[1:])
        return np.concatenate(parts).reshape(shape)

    def pooled(self, values: Probs) -> Probs:
        """Return the mean for each row of labels, (M, ...) -> (N, ...)."""
        return pool(values, self.label_row)

    def rows_of(
        self, counted: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which outputs belong to these videos, (M,), and their rows of labels.

        The rows count those of the selected videos, a mask of shape (V,), from 0.
        """
        is_counted = counted[self.video_index[self.label_row]]
        label_row = self.label_row[is_counted]
        return is_counted, np.cumsum(np.diff(label_row, prepend=label_row[:1]) > 0)


def label_rows(
    outputs: Sequence[SequenceOutputs], targets: Mapping[str, TaskColumns]
) -> LabeledRows:
    """Align outputs and labels.

    Args:
        outputs: Outputs of each video, all with the same tasks.
        targets: Labels by video, of the same rows as its outputs or of the video as a
            whole.

    Raises:
        EvaluationError: If there is no video, a video is repeated or has no labels, the
            numbers of rows differ, or videos differ in the predicted tasks.
    """
    _check_alike(outputs, targets)
    labels = [targets[output.video] for output in outputs]
    lengths = [len(of_video) for of_video in labels]
    firsts = np.cumsum([0, *lengths[:-1]])
    tasks = [task for task in Task if task in outputs[0].probs]
    return LabeledRows(
        outputs=tuple(outputs),
        video_index=np.repeat(np.arange(len(outputs)), lengths),
        label_row=np.concatenate(
            [
                np.full(len(output), first)
                if isinstance(targets[output.video], ClipLabels)
                else first + np.arange(len(output))
                for output, first in zip(outputs, firsts, strict=True)
            ]
        ),
        labels={
            task: TaskColumn.concatenate([of_video[task] for of_video in labels])
            for task in tasks
        },
    )


def decide(
    probs: Mapping[Task, Probs], calibration: Calibration, label_row: NDArray[np.int64]
) -> Decided:
    """Return the predictions for each row of labels, from smoothed outputs.

    Several rows of outputs are calibrated one by one: numbers are averaged, the class has
    the greatest mean probability, and a unit is present if it is in at least half of them.

    Args:
        probs: Smoothed outputs, shape (M, ...).
        calibration: Calibration of classes and action units.
        label_row: Row of the labels of each row of outputs, ascending, shape (M,).
    """
    decided: Decided = {}
    for task, values in probs.items():
        match task:
            case Task.VALENCE | Task.AROUSAL | Task.DIMENSIONS | Task.INTENSITIES:
                decided[task] = pool(values, label_row)
            case Task.EXPRESSION:
                tempered = expression_probs(values, calibration)
                decided[task] = pool(tempered, label_row).argmax(1)
            case Task.ACTION_UNITS:
                tempered = unit_probs(values, calibration)
                present = units_present(tempered, calibration)
                share = pool(present.astype(np.float64), label_row)
                decided[task] = (share >= 0.5).astype(np.int8)
    return decided


def decide_rows(rows: LabeledRows, calibration: Calibration) -> Decided:
    """Return the predictions for each row of labels, from raw outputs."""
    probs = {
        task: rows.smoothed(task, calibration.smoothing.of(task)) for task in rows.labels
    }
    return decide(probs, calibration, rows.label_row)


def pool(values: Probs, label_row: NDArray[np.int64]) -> Probs:
    """Return the mean of neighboring rows with the same `label_row`, ascending."""
    starts = np.flatnonzero(np.diff(label_row, prepend=-1))
    if len(starts) == len(values):
        return values
    counts = np.diff(starts, append=len(values))
    sums = np.add.reduceat(values.astype(np.float64), starts, axis=0)
    means = sums / counts.reshape(-1, *[1] * (values.ndim - 1))
    return means.astype(values.dtype)


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
        labels = targets[output.video]
        is_whole = isinstance(labels, ClipLabels) and len(labels) == 1 <= len(output)
        if not is_whole and len(labels) != len(output):
            raise EvaluationError(
                f"{output.video}: labels must be of the {len(output)} rows with outputs, "
                f"got {len(labels)}"
            )
        if output.probs.keys() != tasks:
            raise EvaluationError(
                f"{output.video}: tasks must be those of {outputs[0].video} "
                f"({', '.join(tasks)}), got {', '.join(output.probs)}"
            )
