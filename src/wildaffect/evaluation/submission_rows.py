"""Rows of a submission from prediction tables, in the label spaces of ABAW."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.evaluation.columns import Values
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
    keys, values = _keys(table), table.values
    if values.spaces.expressions != ABAW_EXPRESSIONS and (values.expression >= 0).any():
        raise BadAnnotation(
            path,
            0,
            f"expression must have the classes of ABAW in a submission, got those of "
            f"{values.spaces.expressions.name}",
        )
    rows = SubmissionRows(
        source=table.source,
        videos=keys.videos,
        video_index=keys.video_index,
        frame_number=keys.frame_number + (1 if table.counts_from_zero else 0),
        valence=values.valence,
        arousal=values.arousal,
        expression=np.where(values.expression < 0, np.nan, values.expression),
        action_units=_official_units(values),
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


def _official_units(values: Values) -> NDArray[np.float64]:
    """Return the official action units, shape (N, 12); NaN for those not predicted."""
    labels = values.spaces.action_units.labels
    units = np.full((len(values.valence), len(ABAW_ACTION_UNITS)), np.nan)
    for column, label in enumerate(ABAW_ACTION_UNITS.labels):
        if label in labels:
            units[:, column] = values.action_units[:, labels.index(label)]
    return units


def _refuse_contradictions(rows: SubmissionRows, table: PredictionTable) -> None:
    keys = rows.video_index << 32 | rows.frame_number
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) == len(rows):
        return
    values = np.column_stack(
        [rows.valence, rows.arousal, rows.expression, rows.action_units]
    )
    original = values[first[inverse]]
    differ = ~((values == original) | (np.isnan(values) & np.isnan(original)))
    contradicting = np.flatnonzero(differ.any(axis=1))
    if len(contradicting):
        row = int(contradicting[0])
        raise BadAnnotation(
            *_place(table, row),
            "an image must have one prediction, got another than in "
            f"{table.places[int(first[inverse][row])]}; keep one person per "
            "video, and each image once",
        )
