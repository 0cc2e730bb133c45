"""Ensemble weights, and the score of their selection on held-out subjects.

Weights are selected and calibration is fitted without the subjects they are scored on.
Symbols: M members, V videos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.ensembling import (
    Outputs,
    Rescaling,
    average,
    centering,
    rescale,
)
from wildaffect.calibration.fitting import (
    STEPS,
    CalibrationFit,
    CrossFit,
    Step,
    cross_fit,
    fit_calibration,
)
from wildaffect.calibration.labeled import (
    Decided,
    decide_rows,
    held_out,
    joined,
    label_rows,
    statistics,
)
from wildaffect.calibration.selection import select_members
from wildaffect.core.columns import TaskColumns
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration

Combine = Literal["mean", "centered"]
"""True if valence and arousal of members are rescaled to common moments before the mean."""
Select = Literal["all", "greedy"]
Folds = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleWeights:
    """Weight of each member."""

    weights: tuple[float, ...]
    """Weights selected on all videos, summing to 1; 0 for excluded members; length M."""
    fold_weights: tuple[tuple[float, ...], ...]
    """The same without each fold."""
    rescaling: tuple[Rescaling, ...]
    """Rescaling of each member, length M; computed from outputs only, without labels."""


def select_weights(
    members: Sequence[Outputs],
    targets: Mapping[str, TaskColumns],
    folds: Folds,
    *,
    combine: Combine,
    select: Select,
    spaces: LabelSpaces,
) -> EnsembleWeights:
    """Return weights and rescaling, on all videos and without each fold.

    Args:
        members: Outputs of M members, the same videos and rows in the same order.
        targets: Labels by video, of the same rows.
        folds: Videos of each fold; every video in exactly one fold, at least two folds.
        combine: Rule that combines values.
        select: All members with equal weight, or greedy selection.
        spaces: Label spaces.

    Raises:
        BadOutputs: If members have different rows.
        EvaluationError: If outputs, labels and folds are inconsistent.
    """
    rescaling: tuple[Rescaling, ...] = tuple({} for _ in members)
    if combine == "centered":
        rescaling = centering(members)
    if select == "all":
        even = (1.0 / len(members),) * len(members)
        return EnsembleWeights(
            weights=even, fold_weights=(even,) * len(folds), rescaling=rescaling
        )
    moved = [rescale(*pair) for pair in zip(members, rescaling, strict=True)]
    picked = select_members(moved, targets, folds, spaces=spaces)
    return EnsembleWeights(
        weights=_shares(picked.counts),
        fold_weights=tuple(map(_shares, picked.fold_counts)),
        rescaling=rescaling,
    )


def combine_members(
    members: Sequence[Outputs], weights: Sequence[float], rescaling: Sequence[Rescaling]
) -> tuple[SequenceOutputs, ...]:
    """Return the weighted mean of the members, with their weights for each task."""
    kept = [index for index, weight in enumerate(weights) if weight > 0]
    return average(
        [members[index] for index in kept],
        [weights[index] for index in kept],
        rescaling=[rescaling[index] for index in kept],
    )


def cross_fit_weights(
    members: Sequence[Outputs],
    selected: EnsembleWeights,
    targets: Mapping[str, TaskColumns],
    folds: Folds,
    *,
    fit: CalibrationFit,
    spaces: LabelSpaces,
) -> CrossFit:
    """Calibrate the ensemble; out of sample, with weights and calibration of other folds.

    Arguments and errors are those of `select_weights`; see `fit` for the fitted parts.
    """
    whole = combine_members(members, selected.weights, selected.rescaling)
    if all(weights == selected.weights for weights in selected.fold_weights):
        return cross_fit(whole, targets, folds, fit, spaces=spaces)
    rows = label_rows(whole, targets)
    held = held_out(rows, folds)
    calibration = fit_calibration(whole, targets, fit)
    others = [
        combine_members(members, weights, selected.rescaling)
        for weights in selected.fold_weights
    ]
    per_fold = tuple(
        fit_calibration(_of(item, ~away), targets, fit)
        for item, away in zip(others, held, strict=True)
    )
    steps = []
    for name, part_of in STEPS.items():
        parts = [
            (away, _decided(_of(item, away), targets, part_of(fitted)))
            for item, away, fitted in zip(others, held, per_fold, strict=True)
        ]
        inside = _decided(whole, targets, part_of(calibration))
        steps.append(
            Step(
                name=name,
                in_sample=statistics(rows, inside, spaces),
                out_of_sample=statistics(rows, joined(rows, parts), spaces),
            )
        )
    return CrossFit(calibration=calibration, fold_calibrations=per_fold, steps=tuple(steps))


def _of(outputs: Outputs, counted: NDArray[np.bool_]) -> list[SequenceOutputs]:
    return [output for output, is_in in zip(outputs, counted, strict=True) if is_in]


def _decided(
    outputs: Outputs, targets: Mapping[str, TaskColumns], calibration: Calibration
) -> Decided:
    return decide_rows(label_rows(outputs, targets), calibration)


def _shares(counts: Sequence[int]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(count / total for count in counts)
