"""CSV: commas, one header line, empty cells for null, shortest text that round-trips."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from wildaffect.outputs.columns import arrow_type
from wildaffect.outputs.tables.format import TableFormat, bytes_to_last_newline

_FIRST = "=+\\-@\t\r'"
"""Prefixes of text that spreadsheets would evaluate: an apostrophe is prepended."""


def header(schema: pa.Schema) -> bytes:
    """Return the line of column names."""
    cells = _cells(pa.array(schema.names, pa.string()))  # one array: each costs .1 ms
    return (",".join(cells.to_pylist()) + "\n").encode()


def rows(batch: pa.RecordBatch) -> bytes:
    """Return one line per row; text is quoted only if needed (RFC 4180)."""
    return _lines([_with_marks(column) for column in batch.columns])


def whole(table: pa.Table) -> bytes:
    """Return a file with all rows."""
    return header(table.schema) + b"".join(map(rows, table.to_batches()))


def guarded(text: str) -> str:
    """Return text with an apostrophe in front where a spreadsheet would compute it."""
    return f"'{text}" if re.match(f"[{_FIRST}]", text) else text


def read(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read a finished table."""
    return _parse(path.read_bytes(), types)


def read_part(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read the complete lines of a table that may be truncated."""
    return _parse(path.read_bytes()[: bytes_to_last_newline(path)], types)


def _parse(text: bytes, types: Mapping[str, pa.DataType]) -> pa.Table:
    if not text:
        return pa.table({})
    names = arrow_csv.open_csv(io.BytesIO(text)).schema.names
    options = arrow_csv.ConvertOptions(
        column_types={name: types.get(name, arrow_type(name)) for name in names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    table = arrow_csv.read_csv(io.BytesIO(text), convert_options=options)
    columns = [_without_marks(column) for column in table.columns]
    return pa.table(columns, schema=table.schema)


def _lines(columns: Sequence[pa.Array]) -> bytes:
    cells = [_cells(column) for column in columns]
    lines = pc.binary_join_element_wise(
        *cells, ",", null_handling="replace", null_replacement=""
    )
    return "".join(line + "\n" for line in lines.to_pylist()).encode()


def _cells(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return pc.cast(column, pa.string())
    doubled = pc.replace_substring(column, '"', '""')
    quoted = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.if_else(pc.match_substring_regex(column, '[",\r\n]'), quoted, column)


def _with_marks(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, f"^([{_FIRST}])", r"'\1")


def _without_marks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, f"^'([{_FIRST}])", r"\1")


CSV = TableFormat(
    name="CSV",
    suffixes=(".csv",),
    header=header,
    rows=rows,
    convert=None,
    read=read,
    read_part=read_part,
    whole_bytes=bytes_to_last_newline,
)
