"""Prediction of one video by an ensemble.

Symbols: T rows with features, M kept rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.ensembling import average, rescale
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.rate import between_kept, kept_rows
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.windows import longest_gap_s
from wildaffect.training.temporal.ensembles import Ensemble
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.tensors import rows_per_second

DENSE_RATIO = 1.5
"""Rows denser than this multiple of a model's own rate are subsampled to its rate, as in
the analyzer; others are used unchanged, as in training."""


def distinct_inputs(ensemble: Ensemble) -> tuple[TrainedModel, ...]:
    """Return one member per distinct set of inputs."""
    found: list[TrainedModel] = []
    for member in ensemble.members:
        recipe = member.trained.recipe
        if not any(has_same_inputs(other.recipe, recipe) for other in found):
            found.append(member.trained)
    return tuple(found)


def has_same_inputs(recipe: TemporalRecipe, other: TemporalRecipe) -> bool:
    """Return whether two recipes read the same rows from a feature store."""
    return _reading(recipe) == _reading(other)


def _reading(recipe: TemporalRecipe) -> tuple[Any, ...]:
    """Return what determines the rows; without a fusion, videos need all sets."""
    needs_all = recipe.model.fusion is None
    return recipe.inputs, recipe.neutral, recipe.max_distance_s, recipe.joins, needs_all


def predict_ensemble(
    ensemble: Ensemble, sequences: Sequence[FrameSequence]
) -> SequenceOutputs:
    """Predict the rows with features of a video, before calibration.

    Args:
        ensemble: Ensemble to predict with.
        sequences: Sequences of the video, one for each of `distinct_inputs`.

    Raises:
        BadOutputs: If members have features of different frames.
    """
    recipes = [reader.recipe for reader in distinct_inputs(ensemble)]
    outputs = []
    for member in ensemble.members:
        recipe = member.trained.recipe
        place = next(
            index for index, other in enumerate(recipes) if has_same_inputs(other, recipe)
        )
        outputs.append((predict_at_rate(member.trained, sequences[place]),))
    weights = [member.weight for member in ensemble.members]
    rescaling = [member.rescaled for member in ensemble.members]
    if len(outputs) == 1:
        return rescale(outputs[0], rescaling[0])[0]
    return average(outputs, weights, rescaling=rescaling)[0]


def predict_at_rate(trained: TrainedModel, sequence: FrameSequence) -> SequenceOutputs:
    """Predict the rows with features, subsampled to about the model's own rate.

    Args:
        trained: Model to predict with.
        sequence: Sequence with at least one row that has features.
    """
    window, rate_hz = trained.recipe.window, trained.data.rate_hz
    is_dense = rows_per_second([sequence]) > DENSE_RATIO * rate_hz
    if window.is_frame_wise or not is_dense:
        return predict_sequences(trained.model, [sequence], window, trained.data.spaces)[0]
    rows = sequence.computed_rows
    time_s = sequence.time_s[rows]
    kept = kept_rows(time_s, rate_hz)
    subsampled = _only(sequence, rows[kept])
    outputs = predict_sequences(trained.model, [subsampled], window, trained.data.spaces)[0]

    def interpolate(values: NDArray[np.float32]) -> NDArray[np.float32]:
        flat = between_kept(
            time_s,
            time_s[kept],
            values.reshape(len(values), -1),
            longest_gap_s=longest_gap_s(window),
        )
        return flat.astype(np.float32).reshape(-1, *values.shape[1:])

    return SequenceOutputs(
        video=sequence.video,
        frame_number=sequence.frame_number[rows],
        time_s=time_s,
        probs={task: interpolate(values) for task, values in outputs.probs.items()},
    )


def subsampled(sequence: FrameSequence, rate_hz: float) -> FrameSequence:
    """Return the sequence with features in about `rate_hz` rows per second only."""
    rows = sequence.computed_rows
    return _only(sequence, rows[kept_rows(sequence.time_s[rows], rate_hz)])


def _only(sequence: FrameSequence, rows: NDArray[np.int64]) -> FrameSequence:
    """Return the sequence with features in these rows only."""
    has_feature = np.zeros(len(sequence), bool)
    has_feature[rows] = True
    return replace(sequence, has_feature=has_feature)
