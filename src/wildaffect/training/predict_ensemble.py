"""What a run or an ensemble says of one video.

Symbols: T rows with features, M kept rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.rate import between_kept, kept_rows
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.windows import longest_gap_s
from wildaffect.inference.ensembling import average, rescale
from wildaffect.training.ensembles import Ensemble
from wildaffect.training.predict import predict_sequences
from wildaffect.training.recipe import TemporalRecipe
from wildaffect.training.runs import TrainedModel
from wildaffect.training.tensors import rows_per_second

DENSE_RATIO = 1.5
"""Rows that come so many times as often as a model's own are thinned out first, as analysis
does it; others are taken as they are, as in training."""


def readings(ensemble: Ensemble) -> tuple[TemporalRecipe, ...]:
    """Return a recipe for each different way in which members read stored features."""
    found: list[TemporalRecipe] = []
    for member in ensemble.members:
        recipe = member.trained.recipe
        if not any(reads_alike(one, recipe) for one in found):
            found.append(recipe)
    return tuple(found)


def reads_alike(one: TemporalRecipe, other: TemporalRecipe) -> bool:
    """Return whether two recipes make the same rows of the same store."""
    return (one.inputs, one.neutral, one.max_distance_s) == (
        other.inputs,
        other.neutral,
        other.max_distance_s,
    )


def predict_ensemble(
    ensemble: Ensemble, sequences: Sequence[FrameSequence]
) -> SequenceOutputs:
    """Return what is said of the rows with features of a video, before calibration.

    Args:
        ensemble: What predicts.
        sequences: The video, as read for each of `readings`.

    Raises:
        BadOutputs: If members have features of different frames.
    """
    recipes = readings(ensemble)
    said = []
    for member in ensemble.members:
        recipe = member.trained.recipe
        place = next(i for i, one in enumerate(recipes) if reads_alike(one, recipe))
        said.append((predict_at_rate(member.trained, sequences[place]),))
    weights = [member.weight for member in ensemble.members]
    rescaling = [member.rescaled for member in ensemble.members]
    if len(said) == 1:
        return rescale(said[0], rescaling[0])[0]
    return average(said, weights, rescaling=rescaling)[0]


def predict_at_rate(trained: TrainedModel, sequence: FrameSequence) -> SequenceOutputs:
    """Return what a model says of the rows with features, run at about its own rate.

    Args:
        trained: The model.
        sequence: With a row that has features, at least.
    """
    window, rate_hz = trained.recipe.window, trained.data.rate_hz
    is_dense = rows_per_second([sequence]) > DENSE_RATIO * rate_hz
    if window.is_frame_wise or not is_dense:
        return predict_sequences(trained.model, [sequence], window)[0]
    rows = sequence.computed_rows
    time_s = sequence.time_s[rows]
    kept = kept_rows(time_s, rate_hz)
    thinned = _only(sequence, rows[kept])
    said = predict_sequences(trained.model, [thinned], window)[0]

    def between(values: NDArray[np.float32]) -> NDArray[np.float32]:
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
        probs={task: between(values) for task, values in said.probs.items()},
    )


def _only(sequence: FrameSequence, rows: NDArray[np.int64]) -> FrameSequence:
    """Return the sequence with features in these rows alone."""
    has_feature = np.zeros(len(sequence), bool)
    has_feature[rows] = True
    return replace(sequence, has_feature=has_feature)
