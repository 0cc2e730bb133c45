"""Scores of outputs against the labels of their sequences."""

from collections.abc import Sequence

from torch import nn

from wildaffect.calibration.labeled import (
    ClipLabels,
    decide_rows,
    label_rows,
    statistics,
)
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
    """Return the labels of the rows with features, or of the video as a whole, by video."""
    return {
        sequence.video: _of_whole(sequence.computed_targets)
        if sequence.clip_level
        else sequence.computed_targets
        for sequence in sequences
    }


def _of_whole(labels: TaskColumns) -> ClipLabels:
    return ClipLabels(**labels.take_columns(slice(1)).columns())


def video_statistics(
    sequences: Sequence[FrameSequence],
    outputs: Sequence[SequenceOutputs],
    calibration: Calibration,
    spaces: LabelSpaces,
) -> VideoStatistics:
    """Return the score statistics of each video, over rows with features."""
    rows = label_rows(outputs, targets_of(sequences))
    return statistics(rows, decide_rows(rows, calibration), spaces)


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
