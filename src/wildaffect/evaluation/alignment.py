"""Annotated and predicted values of one task in one label space.

Symbols: N annotated rows, K action units.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import EvaluationError
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

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedTask:
    """Target and prediction of one task, N rows each, or (N, K) for action units."""

    target: NDArray[Any]
    annotated: Mask
    pred: NDArray[Any]
    given: Mask
    """True where `pred` is valid, including values filled in by a rule."""
    num_missing: int = 0
    """Annotated frames without a prediction, before a rule filled them."""
    space: LabelSpace | None = None
    departures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class AlignedPredictions:
    """Predicted values in the order of annotated rows; NaN or -1 where there is none."""

    def __init__(self, table: PredictionTable, rows: NDArray[np.int64]) -> None:
        values = table.values
        there = rows >= 0
        at = np.maximum(rows, 0)
        self.source = table.source
        self.valence = np.where(there, values.valence[at], np.nan)
        self.arousal = np.where(there, values.arousal[at], np.nan)
        self.expression = np.where(there, values.expression[at], -1)
        self.action_units = np.where(there[:, None], values.action_units[at], np.nan)
        self.spaces = values.spaces
        labels = values.spaces.action_units.labels
        self.units = tuple(
            label
            for column, label in enumerate(labels)
            if not np.isnan(self.action_units[:, column]).all()
        )
        """Units that are predicted for at least one annotated row."""

    def has(self, task: Task) -> bool:
        """Return whether any annotated row has a prediction for the task."""
        match task:
            case Task.VALENCE:
                return not np.isnan(self.valence).all()
            case Task.AROUSAL:
                return not np.isnan(self.arousal).all()
            case Task.EXPRESSION:
                return bool((self.expression >= 0).any())
            case Task.ACTION_UNITS:
                return bool(self.units)


def annotated_mask(annotations: Annotations, task: Task) -> Mask:
    """Return which values are annotated, shape (N,), for action units (N, K)."""
    match task:
        case Task.VALENCE:
            return annotations.valence_valid
        case Task.AROUSAL:
            return annotations.arousal_valid
        case Task.EXPRESSION:
            return annotations.expression_valid
        case Task.ACTION_UNITS:
            return annotations.action_units_valid


def align_values(
    task: Task, predictions: AlignedPredictions, annotations: Annotations, rules: Rules
) -> AlignedTask:
    """Return valence or arousal.

    Raises:
        EvaluationError: If a prediction is missing and the rule does not allow it.
    """
    pred = predictions.valence if task is Task.VALENCE else predictions.arousal
    target = annotations.valence if task is Task.VALENCE else annotations.arousal
    aligned = AlignedTask(
        target=target,
        annotated=annotated_mask(annotations, task),
        # The precision of the annotations, so that equal texts become equal values.
        pred=pred.astype(np.float32),
        given=~np.isnan(pred),
    )
    return _treat_missing(
        aligned, task, annotations, rules.missing, source=predictions.source
    )


def align_expressions(
    predictions: AlignedPredictions, annotations: Annotations, rules: Rules
) -> AlignedTask:
    """Return the expressions, in the annotated classes that are compared.

    Raises:
        EvaluationError: If classes do not correspond or are absent, or a prediction is
            missing, and the rule does not allow it.
    """
    space = annotations.spaces.expressions
    codes, absent = class_codes(
        predictions.spaces.expressions, space, rules.class_map, source=predictions.source
    )
    possible = [label for label in space.labels if label not in absent]
    shared = share_labels(
        space, possible, rules.absent, what="expressions", source=predictions.source
    )
    renumber = np.full(len(space) + 1, WITHOUT_COUNTERPART)
    renumber[shared.columns] = np.arange(len(shared.space))
    predicted = predictions.expression >= 0
    pred = np.where(
        predicted, codes[np.maximum(predictions.expression, 0)], WITHOUT_COUNTERPART
    )
    num_lost = int((predicted & (pred == WITHOUT_COUNTERPART)).sum())
    lost = (
        f"{num_lost:,} predicted expressions have no counterpart in {space.name}; those "
        "frames count as having no prediction"
    )
    target = renumber[annotations.expression]
    aligned = AlignedTask(
        target=target,
        annotated=annotations.expression_valid & (target != WITHOUT_COUNTERPART),
        pred=renumber[pred],
        given=pred != WITHOUT_COUNTERPART,
        space=shared.space,
        departures=_departures(shared, rules.absent, "expressions"),
        notes=(lost,) if num_lost else (),
    )
    if rules.missing is Missing.NEUTRAL and "Neutral" not in shared.space.labels:
        raise EvaluationError(
            f"{predictions.source}: --missing neutral must find Neutral among the classes "
            f"({', '.join(shared.space.labels)}), got none; use --missing skip"
        )
    neutral = dict(zip(shared.space.labels, range(len(shared.space)), strict=True))
    return _treat_missing(
        aligned,
        Task.EXPRESSION,
        annotations,
        rules.missing,
        source=predictions.source,
        neutral=neutral.get("Neutral", 0),
    )


def align_action_units(
    predictions: AlignedPredictions, annotations: Annotations, rules: Rules
) -> AlignedTask:
    """Return the action units that are compared.

    Raises:
        EvaluationError: If units are absent or a prediction is missing, and the rule does
            not allow it.
    """
    space = annotations.spaces.action_units
    shared = share_labels(
        space,
        predictions.units,
        rules.absent,
        what="action units",
        source=predictions.source,
    )
    pred = np.full((len(annotations), len(shared.space)), np.nan)
    has_scores = ~np.isnan(predictions.action_units).all(axis=1)
    for column, label in enumerate(shared.space.labels):
        if label in predictions.units:
            position = predictions.spaces.action_units.index(label)
            pred[:, column] = predictions.action_units[:, position]
        else:
            pred[has_scores, column] = 0.0
    unused = f"action units predicted but not annotated, not scored: {_list(shared.unused)}"
    aligned = AlignedTask(
        target=annotations.action_units[:, shared.columns],
        annotated=annotations.action_units_valid[:, shared.columns],
        pred=pred,
        given=~np.isnan(pred),
        space=shared.space,
        departures=_departures(shared, rules.absent, "action units"),
        notes=(unused,) if shared.unused else (),
    )
    return _treat_missing(
        aligned, Task.ACTION_UNITS, annotations, rules.missing, source=predictions.source
    )


def coverage_of(task: Task, aligned: AlignedTask, annotations: Annotations) -> TaskCoverage:
    """Return the share of annotations that were predicted and scored."""
    num_annotated = int(_frames(aligned.annotated).sum())
    scored = _frames(aligned.annotated & aligned.given)
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
    lacking = np.flatnonzero(_frames(aligned.annotated & ~aligned.given))
    if not len(lacking):
        return aligned
    what = task.replace("_", " ")
    counted = f"{len(lacking):,} of {int(_frames(aligned.annotated).sum()):,} frames"
    match rule:
        case Missing.REFUSE:
            raise EvaluationError(
                f"{source}: every frame annotated for {what} must have a prediction, got "
                f"none for {counted} ({describe_rows(annotations, lacking)}); "
                "--missing skip leaves them out, --missing neutral counts them as neutral"
            )
        case Missing.SKIP:
            note = f"{what}: {counted} have no prediction, left out"
            given, pred = aligned.given, aligned.pred
        case Missing.NEUTRAL:
            note = f"{what}: {counted} have no prediction, counted as neutral"
            given = np.ones_like(aligned.given)
            pred = np.where(aligned.given, aligned.pred, neutral)
    return replace(
        aligned,
        pred=pred,
        given=given,
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


def _frames(mask: Mask) -> Mask:
    return mask if mask.ndim == 1 else np.asarray(mask.any(axis=1))
