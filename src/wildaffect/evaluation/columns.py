"""Decided values from the columns of a prediction table; misnamed columns are rejected.

`valence`, `arousal`; `expression` by name (`expression[<label space>]` for classes that
are not ABAW's), else the greatest of `p_neutral` and so on; `AU01_present`, else `AU01`
from 0.5; attributes and scales of the annotations by their names. Other columns are not
read.

Symbols: N rows, K action units.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, masked
from wildaffect.core.errors import BadAnnotation
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import (
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
    LabelSpace,
    LabelSpaces,
    expression_column,
)
from wildaffect.evaluation.numbers import (
    own_names,
    read_numbers,
    read_probabilities,
    read_scales,
)
from wildaffect.formats.labels import EXPRESSION_SPACES

THRESHOLD = 0.5
"""Threshold for a probability without a decision."""
_KEYS = ("image", "video", "frame")
_SCALES = ("valence", "arousal")
_PROBABILITIES = tuple(map(expression_column, ABAW_EXPRESSIONS.labels))
_UNIT = re.compile(r"(AU[0-9]{2})(_present)?")
_EXPRESSION = re.compile(r"expression(?:\[(?P<space>[^\]]+)\])?")
_NEVER_MEANT = re.compile(
    r"time_s|status|presence|subject|split|.*_(sd|intensity)|(box|pose|face)_.*"
)


def check_columns(path: Path, names: Sequence[str], own: LabelSpaces | None = None) -> None:
    """Reject duplicate or misspelled column names, and tables without predictions.

    Args:
        path: Path of the table, for messages.
        names: Names of its columns.
        own: Label spaces of the annotations, whose labels are known too.

    Raises:
        BadAnnotation: If there are any; the message suggests the nearest known column.
    """
    if len(set(names)) != len(names):
        raise BadAnnotation(path, 1, f"columns must be distinct, got {', '.join(names)}")
    known = {*_KEYS, *_SCALES, *_PROBABILITIES, "expression"} | own_names(own)
    present = {name for name in names if name in known or _is_value(name)}
    wanted = (known | set(ABAW_ACTION_UNITS.labels)) - present
    if present & set(_KEYS):
        wanted -= set(_KEYS)
    for name in names:
        if name in present or _NEVER_MEANT.fullmatch(name):
            continue
        close = get_close_matches(name, wanted, n=1, cutoff=0.75)
        close = close or get_close_matches(name.lower(), wanted, n=1, cutoff=0.85)
        if close:
            raise BadAnnotation(
                path,
                1,
                f"a column must have its exact name, got {name!r}; did you mean "
                f"{close[0]!r}?",
            )
    if not present - set(_KEYS):
        raise BadAnnotation(
            path,
            1,
            "columns must hold valence, arousal, expression, p_neutral ... or AU01 ..., "
            f"got {', '.join(names[:8])}; labels of your own are those that the targets "
            "define, such as pain[0..10] and smile[0|1]",
        )


def read_values(
    path: Path,
    table: pa.Table,
    lines: NDArray[np.int64],
    classes: LabelSpace | None,
    own: LabelSpaces | None = None,
) -> tuple[Predictions, tuple[str, ...]]:
    """Return the decided values of every row, and notes for the report.

    Args:
        path: Path of the table, for messages.
        table: Table of N rows.
        lines: Line of each row in the file, shape (N,).
        classes: Class names in `expression`, if not those of a known label space.
        own: Label spaces of the annotations; attributes and scales are read by their names.

    Raises:
        BadAnnotation: If a cell is no number, NaN, infinite or an unknown class.
    """
    own = own or LabelSpaces()
    scales = {name: read_numbers(table, name, path, lines) for name in _SCALES}
    if classes is None and own.expressions.name not in EXPRESSION_SPACES:
        classes = own.expressions
    codes, space = _expressions(table, path, lines, classes)
    units, labels, notes = _units(table, path, lines, own)
    dimensions, rated = read_scales(table, own.dimensions, path, lines)
    intensities, graded = read_scales(table, own.intensities, path, lines)
    for name, values in scales.items():
        beyond = int((np.abs(values) > 1).sum())
        if beyond:
            notes.append(
                f"{path.name}: {beyond:,} values of {name} lie beyond [-1, 1], up to "
                f"{np.nanmax(np.abs(values)):g} in size; they were scored as they are"
            )
    unit_space = ABAW_ACTION_UNITS
    if not labels:
        units = np.full((table.num_rows, len(unit_space)), np.nan)
    elif labels != ABAW_ACTION_UNITS.labels:
        unit_space = LabelSpace(name="predicted-action-units", labels=labels)
    predictions = Predictions(
        valence=masked(scales["valence"]),
        arousal=masked(scales["arousal"]),
        expression=TaskColumn(codes.clip(min=0), codes >= 0),
        action_units=masked(units),
        dimensions=masked(dimensions),
        intensities=masked(intensities),
        expression_probs=read_probabilities(table, space, path, lines),
        spaces=LabelSpaces(
            expressions=space,
            action_units=unit_space,
            dimensions=rated,
            intensities=graded,
        ),
    )
    return predictions, tuple(notes)


def _is_value(name: str) -> bool:
    return bool(_UNIT.fullmatch(name) or _EXPRESSION.fullmatch(name))


def _expressions(
    table: pa.Table, path: Path, lines: NDArray[np.int64], classes: LabelSpace | None
) -> tuple[NDArray[np.int64], LabelSpace]:
    names = [name for name in table.column_names if _EXPRESSION.fullmatch(name)]
    if names:
        space = classes or _space_of(names[0], path)
        return _named(table[names[0]], space, path, lines), space
    there = [name for name in _PROBABILITIES if name in table.column_names]
    if not there:
        return np.full(table.num_rows, -1, np.int64), classes or ABAW_EXPRESSIONS
    if len(there) < len(_PROBABILITIES):
        missing = ", ".join(name for name in _PROBABILITIES if name not in there)
        raise BadAnnotation(
            path, 1, f"a table with p_ columns must hold all of them, got none of {missing}"
        )
    scores = np.stack(
        [read_numbers(table, name, path, lines) for name in _PROBABILITIES], axis=1
    )
    full = np.asarray(~np.isnan(scores).any(axis=1))
    best = np.where(full[:, None], scores, 0.0).argmax(axis=1)
    return np.where(full, best, -1), ABAW_EXPRESSIONS


def _space_of(column: str, path: Path) -> LabelSpace:
    match = _EXPRESSION.fullmatch(column)
    name = (match and match["space"]) or ABAW_EXPRESSIONS.name
    if name not in EXPRESSION_SPACES:
        near = get_close_matches(name, EXPRESSION_SPACES) or list(EXPRESSION_SPACES)
        raise BadAnnotation(
            path, 1, f"there is no label space {name!r}; did you mean {', '.join(near)}?"
        )
    return EXPRESSION_SPACES[name]


def _named(
    values: pa.ChunkedArray, space: LabelSpace, path: Path, lines: NDArray[np.int64]
) -> NDArray[np.int64]:
    filled = values.cast(pa.string()).combine_chunks().fill_null("")
    encoded = filled.dictionary_encode()
    names = [name.strip() for name in encoded.dictionary.to_pylist()]
    codes = {label: code for code, label in enumerate(space.labels)} | {"": -1}
    indices = encoded.indices.to_numpy()
    for position, name in enumerate(names):
        if name not in codes:
            near = get_close_matches(name, space.labels, n=1)
            advice = f"did you mean {near[0]!r}? " if near else ""
            row = int(np.flatnonzero(indices == position)[0])
            raise BadAnnotation(
                path,
                int(lines[row]),
                f"expression must be a class of {space.name} ({', '.join(space.labels)}), "
                f'got {name!r}; {advice}`class_map="FILE.json"` maps other names',
            )
    return np.array([codes[name] for name in names], np.int64)[indices]


def _units(
    table: pa.Table, path: Path, lines: NDArray[np.int64], own: LabelSpaces
) -> tuple[NDArray[np.float64], tuple[str, ...], list[str]]:
    matches = [_UNIT.fullmatch(name) for name in table.column_names]
    attributes = {
        label
        for label in own.action_units.labels
        if {label, f"{label}_present"} & set(table.column_names)
    }
    labels = tuple(sorted({match[1] for match in matches if match} | attributes))
    notes: list[str] = []
    columns: list[NDArray[np.float64]] = []
    for label in labels:
        decided = f"{label}_present"
        if decided in table.column_names:
            columns.append(_in_range(table, decided, path, lines))
            continue
        scores = _in_range(table, label, path, lines)
        columns.append(np.where(np.isnan(scores), np.nan, scores >= THRESHOLD))
        if not set(np.unique(scores[~np.isnan(scores)])) <= {0.0, 1.0}:
            notes = [f"probabilities of action units count as present from {THRESHOLD}"]
    stacked = np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0))
    return stacked, labels, notes


def _in_range(
    table: pa.Table, name: str, path: Path, lines: NDArray[np.int64]
) -> NDArray[np.float64]:
    values = read_numbers(table, name, path, lines)
    decided = name.endswith("_present")
    fits = np.isin(values, (0, 1)) if decided else (values >= 0) & (values <= 1)
    bad = ~(fits | np.isnan(values))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        rule = "be 0 or 1" if decided else "lie in [0, 1] (a probability, not an intensity)"
        raise BadAnnotation(
            path, int(lines[row]), f"{name} must {rule}, got {values[row]:g}"
        )
    return values
