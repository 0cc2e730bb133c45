"""Annotated and predicted values of one task in one label space.

Symbols: N annotated rows, K action units.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import Mask, TaskColumn
from wildaffect.core.errors import EvaluationError
from wildaffect.core.predictions import Predictions
from wildaffect.core.scales import NO_SCALES, ScaleSpace
from wildaffect.core.tasks import LabelSpace, Task
from wildaffect.evaluation.matching import describe_rows
from wildaffect.evaluation.report import TaskCoverage
from wildaffect.evaluation.rules import Absent, Missing, Rules
from wildaffect.evaluation.spaces import (
    WITHOUT_COUNTERPART,
    Shared,
    class_codes,
    share_labels,
)
from wildaffect.evaluation.tables import PredictionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedTask:
    """Target and prediction of one task, N rows each."""

    target: TaskColumn
    pred: TaskColumn
    """Valid also where a rule filled in a value."""
    num_missing: int = 0
    """Annotated frames without a prediction, before a rule filled them."""
    space: LabelSpace | None = None
    scales: ScaleSpace = NO_SCALES
    departures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def predictions_at(table: PredictionTable, rows: NDArray[np.int64]) -> Predictions:
    """Return the predictions of annotated rows: row `rows[n]` of the table, none if -1."""
    columns = table.predictions.take_columns(np.maximum(rows, 0))
    there = rows >= 0
    for task in Task:
        columns[task].valid[~there] = False
    return Predictions(**columns.columns(), spaces=table.predictions.spaces)


def align_values(
    task: Task,
    predictions: Predictions,
    annotations: Annotations,
    rules: Rules,
    source: str,
) -> AlignedTask:
    """Return valence or arousal.

    Raises:
        EvaluationError: If a prediction is missing and the rule does not allow it.
    """
    aligned = AlignedTask(
        target=annotations[task],
        # The precision of the annotations, so that equal texts become equal values.
        pred=predictions[task].astype(np.float32),
    )
    return _treat_missing(aligned, task, annotations, rules.missing, source=source)


def align_expressions(
    predictions: Predictions, annotations: Annotations, rules: Rules, source: str
) -> AlignedTask:
    """Return the expressions, in the annotated classes that are compared.

    Raises:
        EvaluationError: If classes do not correspond or are absent, or a prediction is
            missing, and the rule does not allow it.
    """
    space = annotations.spaces.expressions
    codes, absent = class_codes(
        predictions.spaces.expressions, space, rules.class_map, source=source
    )
    possible = [label for label in space.labels if label not in absent]
    shared = share_labels(space, possible, rules.absent, what="expressions", source=source)
    renumber = np.full(len(space) + 1, WITHOUT_COUNTERPART)
    renumber[shared.columns] = np.arange(len(shared.space))
    predicted = predictions.expression
    pred = codes[predicted.values]
    num_lost = int((predicted.valid & (pred == WITHOUT_COUNTERPART)).sum())
    lost = (
        f"{num_lost:,} predicted expressions have no counterpart in {space.name}; those "
        "frames count as having no prediction"
    )
    annotated = annotations.expression
    target = renumber[annotated.values]
    aligned = AlignedTask(
        target=TaskColumn(target, annotated.valid & (target != WITHOUT_COUNTERPART)),
        pred=TaskColumn(renumber[pred], predicted.valid & (pred != WITHOUT_COUNTERPART)),
        space=shared.space,
        departures=_departures(shared, rules.absent, "expressions"),
        notes=(lost,) if num_lost else (),
    )
    if rules.missing is Missing.NEUTRAL and "Neutral" not in shared.space.labels:
        raise EvaluationError(
            f'{source}: `missing="neutral"` must find Neutral among the classes '
            f"({', '.join(shared.space.labels)}), got none; "
            'use `missing="skip"`'
        )
    neutral = dict(zip(shared.space.labels, range(len(shared.space)), strict=True))
    return _treat_missing(
        aligned,
        Task.EXPRESSION,
        annotations,
        rules.missing,
        source=source,
        neutral=neutral.get("Neutral", 0),
    )


def align_action_units(
    predictions: Predictions, annotations: Annotations, rules: Rules, source: str
) -> AlignedTask:
    """Return the action units that are compared.

    Raises:
        EvaluationError: If units are absent or a prediction is missing, and the rule does
            not allow it.
    """
    space = annotations.spaces.action_units
    predicted = predictions.action_units
    shared = share_labels(
        space,
        predicted_units(predictions),
        rules.absent,
        what="action units",
        source=source,
    )
    pred = TaskColumn.empty((len(annotations), len(shared.space)), np.float64)
    for column, label in enumerate(shared.space.labels):
        if label in shared.absent:
            pred.valid[:, column] = predicted.valid_rows
            continue
        position = predictions.spaces.action_units.index(label)
        pred.values[:, column] = predicted.values[:, position]
        pred.valid[:, column] = predicted.valid[:, position]
    unused = f"action units predicted but not annotated, not scored: {_list(shared.unused)}"
    aligned = AlignedTask(
        target=TaskColumn(
            annotations.action_units.values[:, shared.columns],
            annotations.action_units.valid[:, shared.columns],
        ),
        pred=pred,
        space=shared.space,
        departures=_departures(shared, rules.absent, "action units"),
        notes=(unused,) if shared.unused else (),
    )
    return _treat_missing(
        aligned, Task.ACTION_UNITS, annotations, rules.missing, source=source
    )


def align_scales(
    task: Task,
    predictions: Predictions,
    annotations: Annotations,
    rules: Rules,
    source: str,
) -> AlignedTask:
    """Return the dimensions or intensities that are compared, by name.

    Raises:
        EvaluationError: If some are absent or a prediction is missing, and the rule does
            not allow it.
    """
    space, theirs = annotations.spaces.scales(task), predictions.spaces.scales(task)
    is_annotated = annotations[task].valid.any(axis=0)
    labels = tuple(np.array(space.labels)[is_annotated].tolist())
    absent = tuple(label for label in labels if label not in theirs.labels)
    if absent and rules.absent is not Absent.COMMON:
        raise EvaluationError(
            f"{source}: {task} must hold {_list(absent)}, which are annotated; "
            '`absent="common"` compares what both have'
        )
    shared = [label for label in labels if label not in absent]
    mine = [space.index(label) for label in shared]
    own = [theirs.index(label) for label in shared]
    unused = tuple(label for label in theirs.labels if label not in labels)
    left_out = f"{task}: annotated but not predicted, left out: {_list(absent)}"
    note = f"{task} predicted but not annotated, not scored: {_list(unused)}"
    aligned = AlignedTask(
        target=TaskColumn(
            annotations[task].values[:, mine], annotations[task].valid[:, mine]
        ),
        pred=TaskColumn(predictions[task].values[:, own], predictions[task].valid[:, own]),
        scales=ScaleSpace(name=space.name, scales=tuple(space.scales[at] for at in mine)),
        departures=(left_out,) if absent else (),
        notes=(note,) if unused else (),
    )
    if rules.missing is Missing.NEUTRAL:
        raise EvaluationError(
            f'{source}: {task} have no neutral value; use `missing="skip"`'
        )
    return _treat_missing(aligned, task, annotations, rules.missing, source=source)


def predicted_units(predictions: Predictions) -> tuple[str, ...]:
    """Return the action units with a prediction in at least one row."""
    is_predicted = predictions.action_units.valid.any(axis=0)
    return tuple(np.array(predictions.spaces.action_units.labels)[is_predicted].tolist())


def coverage_of(task: Task, aligned: AlignedTask, annotations: Annotations) -> TaskCoverage:
    """Return the share of annotations that were predicted and scored."""
    num_annotated = int(aligned.target.valid_rows.sum())
    scored = _rows(aligned.target.valid & aligned.pred.valid)
    return TaskCoverage(
        task=task,
        num_annotated=num_annotated,
        num_predicted=num_annotated - aligned.num_missing,
        num_scored=int(scored.sum()),
        num_videos=len(np.unique(annotations.video_index[scored])),
        share=1 - aligned.num_missing / num_annotated,
    )


def _treat_missing(
    aligned: AlignedTask,
    task: Task,
    annotations: Annotations,
    rule: Missing,
    *,
    source: str,
    neutral: float = 0.0,
) -> AlignedTask:
    lacking = np.flatnonzero(_rows(aligned.target.valid & ~aligned.pred.valid))
    if not len(lacking):
        return aligned
    what = task.words
    counted = f"{len(lacking):,} of {int(aligned.target.valid_rows.sum()):,} frames"
    match rule:
        case Missing.REFUSE:
            raise EvaluationError(
                f"{source}: every frame annotated for {what} must have a prediction, got "
                f"none for {counted} ({describe_rows(annotations, lacking)}); "
                '`missing="skip"` leaves them out, `missing="neutral"` counts them as '
                "neutral"
            )
        case Missing.SKIP:
            note = f"{what}: {counted} have no prediction, left out"
            pred = aligned.pred
        case Missing.NEUTRAL:
            note = f"{what}: {counted} have no prediction, counted as neutral"
            values = np.where(aligned.pred.valid, aligned.pred.values, neutral)
            pred = TaskColumn(values, np.ones_like(aligned.pred.valid))
    return replace(
        aligned,
        pred=pred,
        num_missing=len(lacking),
        departures=(*aligned.departures, note),
    )


def _departures(shared: Shared, rule: Absent, what: str) -> tuple[str, ...]:
    if not shared.absent:
        return ()
    absent = _list(shared.absent)
    note = (
        f"{what}: only the {len(shared.space)} that both sides have are compared; left "
        f"out: {absent}"
    )
    if rule is Absent.ZERO:
        note = f"{what} that the predictions cannot give count as never there: {absent}"
    return (note,)


def _list(labels: tuple[str, ...]) -> str:
    return ", ".join(labels)


def _rows(mask: Mask) -> Mask:
    return mask if mask.ndim == 1 else np.asarray(mask.any(axis=1))
