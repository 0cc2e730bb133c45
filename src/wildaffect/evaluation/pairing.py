"""Alignment of annotated and predicted values, with rules for mismatches.

Symbols: N annotated rows, K action units.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import EvaluationError
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.evaluation.alignment import (
    AlignedPredictions,
    AlignedTask,
    align_action_units,
    align_expressions,
    align_values,
    annotated_mask,
    coverage_of,
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
    predictions = AlignedPredictions(table, rows)
    aligned = {
        task: _align(task, predictions, annotations, rules)
        for task in _tasks(predictions, annotations, protocol)
    }
    spaces = LabelSpaces(
        expressions=aligned[Task.EXPRESSION].space or annotations.spaces.expressions
        if Task.EXPRESSION in aligned
        else annotations.spaces.expressions,
        action_units=aligned[Task.ACTION_UNITS].space or annotations.spaces.action_units
        if Task.ACTION_UNITS in aligned
        else annotations.spaces.action_units,
    )
    return Paired(
        annotations=_annotations(annotations, aligned, spaces),
        predictions=_predictions(len(annotations), aligned, spaces),
        coverage=tuple(
            coverage_of(task, columns, annotations) for task, columns in aligned.items()
        ),
        departures=tuple(
            text for columns in aligned.values() for text in columns.departures
        ),
        notes=tuple(text for columns in aligned.values() for text in columns.notes),
    )


def _align(
    task: Task, predictions: AlignedPredictions, annotations: Annotations, rules: Rules
) -> AlignedTask:
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return align_values(task, predictions, annotations, rules)
        case Task.EXPRESSION:
            return align_expressions(predictions, annotations, rules)
        case Task.ACTION_UNITS:
            return align_action_units(predictions, annotations, rules)


def _check_spaces(annotations: Annotations, protocol: Protocol) -> None:
    if protocol.spaces is None:
        return
    wanted, got = protocol.spaces, annotations.spaces
    for task, required, found in (
        (Task.EXPRESSION, wanted.expressions, got.expressions),
        (Task.ACTION_UNITS, wanted.action_units, got.action_units),
    ):
        if task in protocol.tasks and required.labels != found.labels:
            raise EvaluationError(
                f"{annotations.source}: protocol {protocol.name} must have annotations in "
                f"{required.name}, got {found.name} ({', '.join(found.labels)}); "
                "--protocol own scores them in their own label space"
            )


def _tasks(
    predictions: AlignedPredictions, annotations: Annotations, protocol: Protocol
) -> list[Task]:
    annotated = [t for t in protocol.tasks if annotated_mask(annotations, t).any()]
    predicted = [task for task in protocol.tasks if predictions.has(task)]
    if protocol.needs_all:
        for what, got in (("annotations", annotated), ("predictions", predicted)):
            missing = [task for task in protocol.tasks if task not in got]
            if missing:
                raise EvaluationError(
                    f"protocol {protocol.name}: {what} must hold {_names(missing)} in the "
                    "frames compared, got none; --protocol own scores the tasks that both "
                    "sides have"
                )
    both = [task for task in annotated if task in predicted]
    if not both:
        raise EvaluationError(
            f"{annotations.source}: at least one task must be both annotated "
            f"({_names(annotated)}) and predicted ({_names(predicted)}), got none"
        )
    return both


def _names(tasks: list[Task]) -> str:
    return ", ".join(task.replace("_", " ") for task in tasks) or "nothing"


def _annotations(
    annotations: Annotations, aligned: dict[Task, AlignedTask], spaces: LabelSpaces
) -> Annotations:
    def column(task: Task, width: tuple[int, ...] = ()) -> tuple[NDArray[Any], Any]:
        if task in aligned:
            return aligned[task].target, aligned[task].annotated
        shape = (len(annotations), *width)
        return np.zeros(shape, np.int64), np.zeros(shape, bool)

    valence, valence_valid = column(Task.VALENCE)
    arousal, arousal_valid = column(Task.AROUSAL)
    expression, expression_valid = column(Task.EXPRESSION)
    units, units_valid = column(Task.ACTION_UNITS, (len(spaces.action_units),))
    return replace(
        annotations,
        valence=valence.astype(np.float32),
        arousal=arousal.astype(np.float32),
        expression=expression.astype(np.int64),
        action_units=units.astype(np.int8),
        valence_valid=valence_valid,
        arousal_valid=arousal_valid,
        expression_valid=expression_valid,
        action_units_valid=units_valid,
        spaces=spaces,
    )


def _predictions(
    num_rows: int, aligned: dict[Task, AlignedTask], spaces: LabelSpaces
) -> Predictions:
    def column(task: Task, width: tuple[int, ...] = ()) -> tuple[NDArray[Any], Any]:
        if task in aligned:
            given = aligned[task].given
            return np.where(given, aligned[task].pred, 0), given
        shape = (num_rows, *width)
        return np.zeros(shape), np.zeros(shape, bool)

    valence, valence_covered = column(Task.VALENCE)
    arousal, arousal_covered = column(Task.AROUSAL)
    expression, expression_covered = column(Task.EXPRESSION)
    units, units_covered = column(Task.ACTION_UNITS, (len(spaces.action_units),))
    return Predictions(
        valence=valence,
        arousal=arousal,
        expression=expression.astype(np.int64),
        action_units=units.astype(np.int8),
        valence_covered=valence_covered,
        arousal_covered=arousal_covered,
        expression_covered=expression_covered,
        action_units_covered=units_covered,
        spaces=spaces,
    )
