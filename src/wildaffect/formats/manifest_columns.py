"""Columns of a manifest: its header checked, its cells as text."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS, LabelSpace
from wildaffect.formats.labels import EXPRESSION_SPACES
from wildaffect.formats.lines import Column, read_header, read_text, split_rows
from wildaffect.formats.parquet_tables import read_parquet
from wildaffect.formats.problems import Problem

_PLAIN = {"image", "video", "frame", "subject", "split", "valence", "arousal"}
UNIT = re.compile(r"AU[0-9]{2}")
_EXPRESSION = re.compile(r"expression(?:\[(?P<space>[^\]]+)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestColumns:
    """Table by name, with the labels in its header."""

    path: str
    named: dict[str, Column]
    lines: NDArray[np.int64]
    problems: tuple[Problem, ...]
    expressions: LabelSpace
    expression_name: str | None
    units: LabelSpace


def read_columns(path: Path) -> ManifestColumns:
    """Return the columns of a manifest; raises the errors of `read_manifest`."""
    if path.suffix == ".parquet":
        names, columns = _read_parquet(path)
        problems: tuple[Problem, ...] = ()
        lines = np.arange(len(columns[0]) if columns else 0) + 1
    else:
        data = read_text(path)
        names = [name.strip() for name in read_header(path, data).split(",")]
        table = split_rows(path, data, num_fields=len(names))
        columns, lines, problems = list(table.columns), table.lines, table.problems
    expression = _check_header(path, names)
    units = tuple(name for name in names if UNIT.fullmatch(name))
    space = LabelSpace(name="manifest-action-units", labels=units) if units else None
    if space is None or units == ABAW_ACTION_UNITS.labels:
        space = ABAW_ACTION_UNITS
    match = _EXPRESSION.fullmatch(expression or "")
    named_space = match["space"] if match else None
    return ManifestColumns(
        path=str(path),
        named=dict(zip(names, columns, strict=True)),
        lines=lines,
        problems=problems,
        expressions=EXPRESSION_SPACES[named_space or ABAW_EXPRESSIONS.name],
        expression_name=expression,
        units=space,
    )


def _check_header(path: Path, names: list[str]) -> str | None:
    """Return the name of the expression column, if any; reject undocumented columns."""
    expressions = [name for name in names if _EXPRESSION.fullmatch(name)]
    for name in names:
        if name not in _PLAIN and name not in expressions and not UNIT.fullmatch(name):
            known = (
                "image, video, frame, subject, split, valence, arousal, expression, AU01"
            )
            raise BadAnnotation(
                path, 1, f"a column must be one of {known} and so on, got {name[:40]!r}"
            )
    if len(set(names)) != len(names) or len(expressions) > 1:
        raise BadAnnotation(path, 1, f"columns must be distinct, got {names}")
    if "image" not in names or ("video" in names) != ("frame" in names):
        raise BadAnnotation(
            path, 1, f"columns must hold image, and video with frame, got {names}"
        )
    for name in expressions:
        match = _EXPRESSION.fullmatch(name)
        if match and match["space"] and match["space"] not in EXPRESSION_SPACES:
            raise BadAnnotation(
                path,
                1,
                f"label space must be one of {', '.join(EXPRESSION_SPACES)}, got {name!r}",
            )
    return expressions[0] if expressions else None


def _read_parquet(path: Path) -> tuple[list[str], list[Column]]:
    try:
        table = read_parquet(path)
        return table.column_names, [_spell(table[name]) for name in table.column_names]
    except FileNotFoundError:
        raise MissingData(f"no such file: {path}") from None
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise BadAnnotation(path, 0, f"must be a Parquet file, got {reason}") from None


def _spell(values: pa.ChunkedArray) -> Column:
    array = values.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    encoded = compute.fill_null(array.cast(pa.string()), "").dictionary_encode()
    return Column(
        tokens=tuple(token.strip() for token in encoded.dictionary.to_pylist()),
        codes=encoded.indices.to_numpy().astype(np.int64),
    )
