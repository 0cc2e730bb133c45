"""JSON Lines: one object per row, without null values."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import from_json

from wildaffect.outputs.columns import arrow_type, result_schema
from wildaffect.outputs.tables.format import TableFormat, bytes_to_last_newline


def header(schema: pa.Schema) -> bytes:  # noqa: ARG001 - the format has none
    """Return nothing: every row has its own keys."""
    return b""


def rows(batch: pa.RecordBatch) -> bytes:
    """Return one line per row, with the shortest numbers that round-trip."""
    columns = _texts(batch)
    lines = (
        "{" + ",".join(text for text in cells if text is not None) + "}\n"
        for cells in zip(*columns, strict=True)
    )
    return "".join(lines).encode()


def read(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read a finished table; columns that no row has come from `types` or the core."""
    return parse(path.read_bytes(), types)


def read_part(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read the complete lines of a table that may be truncated."""
    return parse(path.read_bytes()[: bytes_to_last_newline(path)], types)


def parse(text: bytes, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Return the rows of complete lines.

    Raises:
        ValueError: If a line is not an object.
    """
    found = [from_json(line) for line in text.split(b"\n") if line.strip()]
    columns = dict(types) or {c.name: arrow_type(c.name) for c in result_schema().columns}
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            message = f"line {number}, which must be an object and is {row!r}"
            raise ValueError(message)  # noqa: TRY004 - a fault of the file
        for name in row.keys() - columns.keys():
            columns[name] = arrow_type(name)
    return pa.table(
        {
            name: _column([row.get(name) for row in found], kind)
            for name, kind in columns.items()
        }
    )


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):  # an integral value was written without a decimal point
        values = [float(value) if isinstance(value, int) else value for value in values]
    return pa.array(values, kind)


def _texts(batch: pa.RecordBatch) -> list[list[str | None]]:
    """Return `"name":value` of each cell, column by column; None for an empty cell."""
    names: dict[pa.DataType, list[str]] = defaultdict(list)
    for name, kind in zip(batch.schema.names, batch.schema.types, strict=True):
        names[kind].append(name)
    texts: dict[str, list[str | None]] = {}
    for kind, alike in names.items():
        cells = _cells(kind, pa.concat_arrays([batch.column(name) for name in alike]))
        for name in alike:
            key = json.dumps(name)
            of_column = islice(cells, batch.num_rows)
            texts[name] = [None if c is None else f"{key}:{c}" for c in of_column]
    return [texts[name] for name in batch.schema.names]


def _cells(kind: pa.DataType, values: pa.Array) -> Iterator[str | None]:
    if pa.types.is_string(kind):
        return (None if text is None else json.dumps(text) for text in values.to_pylist())
    return iter(pc.cast(values, pa.string()).to_pylist())


JSON_LINES = TableFormat(
    name="JSON Lines",
    suffixes=(".jsonl", ".ndjson"),
    header=header,
    rows=rows,
    convert=None,
    read=read,
    read_part=read_part,
    whole_bytes=bytes_to_last_newline,
)
