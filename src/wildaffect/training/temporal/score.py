"""Scores of outputs against the labels of their sequences."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from wildaffect.calibration.labeled import decide, label_rows, statistics
from wildaffect.core.columns import TaskColumns
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration
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


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.mean(0, keepdims=True)


def video_statistics(
    sequences: Sequence[FrameSequence],
    outputs: Sequence[SequenceOutputs],
    calibration: Calibration,
    spaces: LabelSpaces,
) -> VideoStatistics:
    """Return the score statistics of each video, over rows with features."""
    rows = label_rows(pool_outputs(outputs, sequences), targets_of(sequences))
    probs = {
        task: rows.smoothed(task, calibration.smoothing.of(task)) for task in rows.labels
    }
    every = np.ones(len(rows.video_index), bool)
    return statistics(rows, decide(probs, calibration, rows=every), spaces)


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
