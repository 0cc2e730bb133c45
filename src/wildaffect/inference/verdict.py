"""Model outputs of one row to `Affect`: bias, thresholds, and what stays absent."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.results import Affect
from wildaffect.core.tasks import LabelSpace, Task
from wildaffect.inference.manifest import ActionUnitOutput, ExpressionOutput, Manifest
from wildaffect.inference.model import SPREAD, Layout

Vector = NDArray[np.float32]


def smoothing_widths(manifest: Manifest, layout: Layout) -> NDArray[np.float64]:
    """Return the smoothing of each column in seconds, shape (K,)."""
    smoothing = manifest.smoothing
    by_task = {
        Task.EXPRESSION: smoothing.expression_sd_s,
        Task.ACTION_UNITS: smoothing.action_units_sd_s,
    }
    widths = np.full(layout.num_columns, smoothing.valence_arousal_sd_s)
    for task, sd_s in by_task.items():
        if task in layout.columns:
            widths[layout.columns[task]] = sd_s
    return widths


def to_affect(row: Vector, manifest: Manifest, layout: Layout) -> Affect:
    """Return what one row of outputs, shape (K,), says of a face."""
    single = {
        name: float(row[columns][0])
        for name, columns in layout.columns.items()
        if columns.stop - columns.start == 1 and name not in {"expression", "action_units"}
    }
    nan = float("nan")
    expression, expression_probs = None, None
    if manifest.expression:
        probs = biased(row[layout.columns[Task.EXPRESSION]], manifest.expression)
        expression = manifest.expression.predicted[int(probs.argmax())]
        expression_probs = _spread(
            probs, manifest.expression.predicted, manifest.expression.space
        )
    unit_probs, present = None, None
    if manifest.action_units:
        unit_probs, present = _units(
            row[layout.columns[Task.ACTION_UNITS]], manifest.action_units
        )
    has_spread = len(manifest.members) > 1
    return Affect(
        valence=single.get(Task.VALENCE, nan),
        arousal=single.get(Task.AROUSAL, nan),
        valence_sd=single.get(f"{SPREAD} {Task.VALENCE}", nan) if has_spread else nan,
        arousal_sd=single.get(f"{SPREAD} {Task.AROUSAL}", nan) if has_spread else nan,
        expression=expression,
        expression_probs=expression_probs,
        action_unit_probs=unit_probs,
        action_units_present=present,
    )


def biased(probs: Vector, output: ExpressionOutput) -> Vector:
    """Return probabilities after the artefact's bias on their logarithms, summing to 1."""
    if not output.bias:
        return probs
    shifted = probs * np.exp(np.array(output.bias))
    return (shifted / shifted.sum()).astype(np.float32)


def _units(
    probs: Vector, output: ActionUnitOutput
) -> tuple[Vector, tuple[bool | None, ...]]:
    spread = _spread(probs, output.predicted, output.space)
    limits = dict(zip(output.predicted, output.thresholds, strict=True))
    present = tuple(
        bool(prob >= limits[label]) if label in limits else None
        for prob, label in zip(spread, output.space.labels, strict=True)
    )
    return spread, present


def _spread(probs: Vector, predicted: tuple[str, ...], space: LabelSpace) -> Vector:
    """Return values in the order of the whole space, NaN for what is not predicted."""
    whole = np.full(len(space), np.nan, np.float32)
    whole[[space.index(label) for label in predicted]] = probs
    return whole
