"""CSV: commas, one header line, empty cells for null, shortest text that round-trips."""

import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from wildaffect.outputs.columns import arrow_type
from wildaffect.outputs.tables.format import TableFormat, bytes_to_last_newline


def header(schema: pa.Schema) -> bytes:
    """Return the line of column names."""
    sink = pa.BufferOutputStream()
    names = pa.table({"name": schema.names})
    arrow_csv.write_csv(names, sink, _write_options())
    return b",".join(sink.getvalue().to_pybytes().splitlines()) + b"\n"


def rows(batch: pa.RecordBatch) -> bytes:
    """Return one line per row."""
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(batch, sink, _write_options())
    return bytes(sink.getvalue().to_pybytes())


def read(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read a finished table."""
    return _parse(path.read_bytes(), types)


def read_part(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read the whole lines of a table that may break off."""
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
    return arrow_csv.read_csv(io.BytesIO(text), convert_options=options)


def _write_options() -> arrow_csv.WriteOptions:
    return arrow_csv.WriteOptions(include_header=False, quoting_style="needed")


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
