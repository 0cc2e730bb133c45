"""Conversion of the model outputs of one row to `Affect`, with calibration."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.results import Affect
from wildaffect.core.tasks import SINGLE_TASKS, LabelSpace, Task
from wildaffect.inference.calibration import (
    Calibration,
    expression_is_unclear,
    expression_probs,
    unit_probs,
    units_present,
)
from wildaffect.inference.manifest import ActionUnitOutput, Manifest
from wildaffect.inference.model import INTENSITY, SIDES, SPREAD, Layout, task_of_columns
from wildaffect.inference.smoothing import SmoothingKind

Vector = NDArray[np.float32]


def smoothing_by_column(
    manifest: Manifest, layout: Layout
) -> list[tuple[slice, SmoothingKind]]:
    """Return the smoothing of each column; spread and intensity follow their task."""
    smoothing = manifest.calibration.smoothing
    kinds = {name: smoothing.of(task_of_columns(name)) for name in layout.columns}
    return [(layout.columns[name], kind) for name, kind in kinds.items() if kind]


def to_affect(row: Vector, manifest: Manifest, layout: Layout) -> Affect:
    """Convert one row of outputs, shape (K,), to the affect of a face."""
    single = {
        name: float(row[columns][0])
        for name, columns in layout.columns.items()
        if task_of_columns(name) in SINGLE_TASKS
    }
    nan = float("nan")
    expression, class_probs, is_unclear = None, None, False
    if manifest.expression:
        probs = expression_probs(row[layout.columns[Task.EXPRESSION]], manifest.calibration)
        expression = manifest.expression.predicted[int(probs.argmax())]
        is_unclear = expression_is_unclear(probs, manifest.calibration.expression_margin)
        class_probs = _spread(
            probs, manifest.expression.predicted, manifest.expression.space
        )
    action_unit_probs, present, intensities, sides = None, None, None, None
    if manifest.action_units:
        action_unit_probs, present = _units(
            row[layout.columns[Task.ACTION_UNITS]],
            manifest.action_units,
            manifest.calibration,
        )
        if manifest.action_units.intensity:
            intensities = _spread(
                row[layout.columns[INTENSITY]],
                manifest.action_units.predicted,
                manifest.action_units.space,
            )
        if manifest.action_units.sided:
            sides = _sides(row, manifest.action_units, layout)
    spread = {
        task: single.get(f"{SPREAD} {task}", nan)
        if manifest.num_predicting(task) > 1
        else nan
        for task in (Task.VALENCE, Task.AROUSAL)
    }
    return Affect(
        valence=single.get(Task.VALENCE, nan),
        arousal=single.get(Task.AROUSAL, nan),
        valence_sd=spread[Task.VALENCE],
        arousal_sd=spread[Task.AROUSAL],
        expression=expression,
        expression_is_unclear=is_unclear,
        expression_probs=class_probs,
        action_unit_probs=action_unit_probs,
        action_units_present=present,
        action_unit_intensities=intensities,
        spaces=manifest.spaces,
        action_unit_sides=sides,
        dimension_values=_values(row, Task.DIMENSIONS, layout),
        intensity_values=_values(row, Task.INTENSITIES, layout),
    )


def _values(row: Vector, task: Task, layout: Layout) -> Vector | None:
    return row[layout.columns[task]] if task in layout.columns else None


def _units(
    row: Vector, output: ActionUnitOutput, calibration: Calibration
) -> tuple[Vector, tuple[bool | None, ...]]:
    probs = unit_probs(row, calibration)
    present = units_present(probs, calibration, output.excluded_places).tolist()
    known = dict(zip(output.predicted, present, strict=True))
    return (
        _spread(probs, output.predicted, output.space),
        tuple(known.get(label) for label in output.space.labels),
    )


def _sides(row: Vector, output: ActionUnitOutput, layout: Layout) -> Vector:
    """Return intensities of the left and the right side, shape (2, K)."""
    places = [output.predicted.index(label) for label in output.sided]
    return np.stack(
        [
            _spread(row[layout.columns[name]][places], output.sided, output.space)
            for name in SIDES
        ]
    )


def _spread(probs: Vector, predicted: tuple[str, ...], space: LabelSpace) -> Vector:
    """Return values in the order of the label space, NaN where not predicted."""
    whole = np.full(len(space), np.nan, np.float32)
    whole[list(_places(predicted, space))] = probs
    return whole


@cache
def _places(predicted: tuple[str, ...], space: LabelSpace) -> tuple[int, ...]:
    return tuple(space.index(label) for label in predicted)
