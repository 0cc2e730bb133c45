"""Rows of a submission from prediction tables, in the label spaces of ABAW."""

from pathlib import Path

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS, Task
from wildaffect.evaluation.tables import Keys, PredictionTable, read_predictions
from wildaffect.formats.image_names import NAME_RULE, parse_image_names
from wildaffect.formats.lines import encode
from wildaffect.formats.submission_rows import SubmissionRows


def read_submission_rows(path: Path) -> SubmissionRows:
    """Read a table of predictions, or a folder of them, as `read_predictions` does.

    Raises:
        MissingData: If there is no such file, or the folder contains no table.
        BadAnnotation: If a table cannot be read, an image name is not an official one,
            classes are not those of ABAW, or one image is predicted twice with different
            values.
        EvaluationError: If the tables of a folder are inconsistent.
    """
    table = read_predictions(path)
    keys, predictions = _keys(table), table.predictions
    space = predictions.spaces.expressions
    if space != ABAW_EXPRESSIONS and predictions.expression.valid.any():
        raise BadAnnotation(
            path,
            0,
            f"expression must have the classes of ABAW in a submission, got those of "
            f"{space.name}",
        )
    rows = SubmissionRows(
        source=table.source,
        videos=keys.videos,
        video_index=keys.video_index,
        frame_number=keys.frame_number + (1 if table.counts_from_zero else 0),
        valence=predictions.valence,
        arousal=predictions.arousal,
        expression=predictions.expression,
        action_units=_official_units(predictions),
        notes=table.notes,
    )
    if (rows.frame_number < 1).any():
        row = int(np.flatnonzero(rows.frame_number < 1)[0])
        raise BadAnnotation(
            *_place(table, row),
            "frames of a submission are counted from 1, got frame 0; add 1 to the column "
            "frame",
        )
    _refuse_contradictions(rows, table)
    return rows


def _place(table: PredictionTable, row: int) -> tuple[Path, int]:
    path, line = table.places[row].rsplit(":", 1)
    return Path(path), int(line)


def _keys(table: PredictionTable) -> Keys:
    if table.keys is not None:
        return table.keys
    images = table.images or ()
    names = parse_image_names(encode(list(images)))
    if not names.valid.all():
        row = int(np.flatnonzero(~names.valid)[0])
        raise BadAnnotation(*_place(table, row), f"{NAME_RULE}, got {images[row]}")
    return Keys(names.videos, names.video_index, names.frame_number)


def _official_units(predictions: Predictions) -> TaskColumn:
    """Return the official action units, shape (N, 12)."""
    labels, predicted = predictions.spaces.action_units.labels, predictions.action_units
    units = TaskColumn.empty((len(predictions), len(ABAW_ACTION_UNITS)), np.int8)
    for column, label in enumerate(ABAW_ACTION_UNITS.labels):
        if label in labels:
            units.values[:, column] = predicted.values[:, labels.index(label)]
            units.valid[:, column] = predicted.valid[:, labels.index(label)]
    return units


def _refuse_contradictions(rows: SubmissionRows, table: PredictionTable) -> None:
    keys = rows.video_index << 32 | rows.frame_number
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) == len(rows):
        return
    original = rows.take_columns(first[inverse])
    differ = np.any([rows[task].differs(original[task]) for task in Task], axis=0)
    contradicting = np.flatnonzero(differ)
    if len(contradicting):
        row = int(contradicting[0])
        raise BadAnnotation(
            *_place(table, row),
            "an image must have one prediction, got another than in "
            f"{table.places[int(first[inverse][row])]}; keep one person per "
            "video, and each image once",
        )
