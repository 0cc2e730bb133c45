"""Columns of a manifest: its header checked, its cells as text."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.label_columns import (
    ADVICE,
    is_expression,
    occurrence_label,
    scale_of,
    spaces_of,
)
from wildaffect.formats.lines import Column, read_header, read_text, split_rows
from wildaffect.formats.parquet_tables import read_parquet
from wildaffect.formats.problems import Problem
from wildaffect.formats.votes import check_votes, is_votes

_PLAIN = {"image", "video", "frame", "subject", "split", "valence", "arousal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestColumns:
    """Table by name, with the labels in its header."""

    path: str
    named: dict[str, Column]
    lines: NDArray[np.int64]
    problems: tuple[Problem, ...]
    spaces: LabelSpaces
    expression_name: str | None

    @property
    def clip_level(self) -> bool:
        """Return whether rows are videos instead of frames."""
        return "image" not in self.named


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
    spaces = spaces_of(path, [name for name in names if not is_votes(name)])
    check_votes(path, names, spaces.expressions)
    return ManifestColumns(
        path=str(path),
        named=dict(zip(names, columns, strict=True)),
        lines=lines,
        problems=problems,
        spaces=spaces,
        expression_name=expression,
    )


def _check_header(path: Path, names: list[str]) -> str | None:
    """Return the name of the expression column, if any; reject undocumented columns."""
    expressions = [name for name in names if is_expression(name)]
    labels = list(filter(is_votes, names))
    for name in names:
        if name in _PLAIN or name in expressions or is_votes(name):
            continue
        scale = scale_of(path, name)
        label = scale.label if scale else occurrence_label(name)
        if label is None:
            known = (
                "image, video, frame, subject, split, valence, arousal, expression, AU01, "
                "votes:Happiness"
            )
            raise BadAnnotation(
                path,
                1,
                f"a column must be one of {known} and so on, got {name[:40]!r}; {ADVICE}",
            )
        if label in {*_PLAIN, "expression"}:
            raise BadAnnotation(
                path,
                1,
                f"a rating or attribute must not be named {label}, which has a meaning of "
                f"its own (docs/data.md), got {name!r}; name it {label}_rating or so",
            )
        labels.append(label)
    every = [*labels, *(name for name in names if name in _PLAIN)]
    if len(set(every)) != len(every) or len(expressions) > 1:
        raise BadAnnotation(path, 1, f"columns must be distinct, got {names}")
    found = {"image", "video", "frame"} & set(names)
    if found not in ({"image"}, {"video"}, {"image", "video", "frame"}):
        raise BadAnnotation(
            path,
            1,
            "columns must hold image, and video with frame, or video alone for labels of "
            f"whole videos, got {names}",
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
