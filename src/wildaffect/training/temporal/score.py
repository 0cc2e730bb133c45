"""Scores of outputs against the labels of their sequences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from wildaffect.calibration.labeled import label_rows, statistics
from wildaffect.core.columns import TaskColumns
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibrated, Calibration, apply_calibration
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.training.core.scores import task_scores
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe


def targets_of(sequences: Sequence[FrameSequence]) -> dict[str, TaskColumns]:
    """Return the labels of the rows with features, by video; one row of a whole video."""
    return {
        sequence.video: sequence.targets.take_columns(
            sequence.computed_rows[:1] if sequence.clip_level else sequence.computed_rows
        )
        for sequence in sequences
    }


def pool_outputs(
    outputs: Sequence[SequenceOutputs], sequences: Sequence[FrameSequence]
) -> list[SequenceOutputs]:
    """Return outputs with one row, the mean, for videos that are labeled as a whole."""
    return [
        replace(
            output,
            frame_number=output.frame_number[:1],
            time_s=output.time_s[:1],
            probs={task: _mean(values) for task, values in output.probs.items()},
            spread={task: _mean(values) for task, values in output.spread.items()},
        )
        if sequence.clip_level
        else output
        for output, sequence in zip(outputs, sequences, strict=True)
    ]


def _mean(values: NDArray[Any]) -> NDArray[Any]:
    return values.mean(0, keepdims=True)


def video_statistics(
    sequences: Sequence[FrameSequence],
    outputs: Sequence[SequenceOutputs],
    calibration: Calibration,
    spaces: LabelSpaces,
) -> VideoStatistics:
    """Return the score statistics of each video, over rows with features.

    A video that is labeled as a whole is decided as `evaluate` decides it from a table: the
    rows are calibrated one by one, then pooled.
    """
    rows = label_rows(pool_outputs(outputs, sequences), targets_of(sequences))
    calibrated = [apply_calibration(output, calibration) for output in outputs]
    decided = {
        task: np.concatenate(
            [
                _decision_of_clip(task, found)
                if sequence.clip_level
                else _decision(task, found)
                for found, sequence in zip(calibrated, sequences, strict=True)
            ]
        )
        for task in rows.labels
    }
    return statistics(rows, decided, spaces)


def _decision(task: Task, found: Calibrated) -> NDArray[Any]:
    """Return the prediction for each row."""
    if task is Task.EXPRESSION and found.expression is not None:
        return found.expression
    if task is Task.ACTION_UNITS and found.action_units is not None:
        return found.action_units
    return found.outputs.probs[task]


def _decision_of_clip(task: Task, found: Calibrated) -> NDArray[Any]:
    """Return one prediction: the mean; a unit is present if it is in half of the rows."""
    if task is Task.EXPRESSION:
        return _mean(found.outputs.probs[task]).argmax(1)
    pooled = _mean(_decision(task, found))
    return (pooled >= 0.5).astype(np.int8) if task is Task.ACTION_UNITS else pooled


def raw_scores(
    model: nn.Module,
    sequences: Sequence[FrameSequence],
    recipe: TemporalRecipe,
    spaces: LabelSpaces,
) -> dict[str, float]:
    """Return the scores of a model in training, not calibrated."""
    outputs = predict_sequences(model, sequences, recipe.training_window, spaces)
    found = video_statistics(sequences, outputs, Calibration(), spaces)
    return task_scores(found.pooled(), recipe.model.tasks)
