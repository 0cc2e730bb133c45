"""Alignment of annotated and predicted values, with rules for mismatches.

Symbols: N annotated rows, K action units.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumns, empty_columns
from wildaffect.core.errors import EvaluationError
from wildaffect.core.predictions import Predictions
from wildaffect.core.scales import NO_SCALES, ScaleSpace
from wildaffect.core.tasks import LabelSpace, LabelSpaces, Task
from wildaffect.evaluation.alignment import (
    AlignedTask,
    align_action_units,
    align_expressions,
    align_scales,
    align_values,
    coverage_of,
    predictions_at,
)
from wildaffect.evaluation.protocols import Protocol
from wildaffect.evaluation.report import TaskCoverage
from wildaffect.evaluation.rules import Rules
from wildaffect.evaluation.tables import PredictionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Targets and predictions of the same N rows, in the same label spaces."""

    annotations: Annotations
    """Valid only for the scored tasks."""
    predictions: Predictions
    coverage: tuple[TaskCoverage, ...]
    """Coverage of each scored task."""
    departures: tuple[str, ...]
    """Departures from the protocol, one sentence each."""
    notes: tuple[str, ...]


def pair_up(
    table: PredictionTable,
    rows: NDArray[np.int64],
    annotations: Annotations,
    *,
    protocol: Protocol,
    rules: Rules,
) -> Paired:
    """Return the aligned frames to score.

    Args:
        table: Predictions.
        rows: Position of the prediction of every annotated row, shape (N,).
        annotations: Annotations of N rows.
        protocol: Scored tasks, and their label spaces.
        rules: Rules for missing predictions and labels.

    Raises:
        EvaluationError: If the protocol requires something that is missing, or a rule does
            not allow it.
    """
    _check_spaces(annotations, protocol)
    predictions = predictions_at(table, rows)
    aligned = {
        task: _align(task, predictions, annotations, rules, table.source)
        for task in _tasks(predictions, annotations, protocol)
    }
    spaces = LabelSpaces(
        expressions=_space(Task.EXPRESSION, aligned) or annotations.spaces.expressions,
        action_units=_space(Task.ACTION_UNITS, aligned) or annotations.spaces.action_units,
        dimensions=_scales(Task.DIMENSIONS, aligned),
        intensities=_scales(Task.INTENSITIES, aligned),
    )
    nothing = empty_columns(len(annotations), spaces)
    targets = {task: nothing[task] for task in Task}
    preds = dict(targets)
    for task, columns in aligned.items():
        dtype = nothing[task].values.dtype.type
        targets[task] = columns.target.astype(dtype)
        preds[task] = columns.pred.astype(dtype)
    return Paired(
        annotations=replace(annotations, **TaskColumns(**targets).columns(), spaces=spaces),
        predictions=Predictions(**TaskColumns(**preds).columns(), spaces=spaces),
        coverage=tuple(
            coverage_of(task, columns, annotations) for task, columns in aligned.items()
        ),
        departures=tuple(
            text for columns in aligned.values() for text in columns.departures
        ),
        notes=tuple(text for columns in aligned.values() for text in columns.notes),
    )


def _align(
    task: Task,
    predictions: Predictions,
    annotations: Annotations,
    rules: Rules,
    source: str,
) -> AlignedTask:
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return align_values(task, predictions, annotations, rules, source)
        case Task.EXPRESSION:
            return align_expressions(predictions, annotations, rules, source)
        case Task.ACTION_UNITS:
            return align_action_units(predictions, annotations, rules, source)
        case Task.DIMENSIONS | Task.INTENSITIES:
            return align_scales(task, predictions, annotations, rules, source)


def _space(task: Task, aligned: dict[Task, AlignedTask]) -> LabelSpace | None:
    return aligned[task].space if task in aligned else None


def _scales(task: Task, aligned: dict[Task, AlignedTask]) -> ScaleSpace:
    return aligned[task].scales if task in aligned else NO_SCALES


def _check_spaces(annotations: Annotations, protocol: Protocol) -> None:
    if protocol.spaces is None:
        return
    wanted, got = protocol.spaces, annotations.spaces
    for task, required, found in (
        (Task.EXPRESSION, wanted.expressions, got.expressions),
        (Task.ACTION_UNITS, wanted.action_units, got.action_units),
        (Task.INTENSITIES, wanted.intensities, got.intensities),
    ):
        if task in protocol.tasks and required.labels != found.labels:
            raise EvaluationError(
                f"{annotations.source}: protocol {protocol.name} must have annotations in "
                f"{required.name}, got {found.name} ({', '.join(found.labels)}); "
                '`protocol="own"` scores them in their own label space'
            )


def _tasks(
    predictions: Predictions, annotations: Annotations, protocol: Protocol
) -> list[Task]:
    annotated = [task for task in protocol.tasks if annotations[task].valid.any()]
    predicted = [task for task in protocol.tasks if predictions[task].valid.any()]
    if protocol.needs_all:
        for what, got in (("annotations", annotated), ("predictions", predicted)):
            missing = [task for task in protocol.tasks if task not in got]
            if missing:
                raise EvaluationError(
                    f"protocol {protocol.name}: {what} must hold {_names(missing)} in the "
                    'frames compared, got none; `protocol="own"` scores the tasks that '
                    "both sides have"
                )
    both = [task for task in annotated if task in predicted]
    if not both:
        raise EvaluationError(
            f"{annotations.source}: at least one task must be both annotated "
            f"({_names(annotated)}) and predicted ({_names(predicted)}), got none"
        )
    return both


def _names(tasks: list[Task]) -> str:
    return ", ".join(task.words for task in tasks) or "nothing"
