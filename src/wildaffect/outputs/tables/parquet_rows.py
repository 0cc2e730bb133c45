"""Parquet, spooled as an Arrow IPC stream while it is written.

A Parquet file has its index at the end, so that a killed run would leave no readable file.
The part file is therefore an Arrow stream, in which every batch is self-contained; at the
end it is converted to Parquet, batch by batch.

Source: the encapsulated messages of the Arrow columnar format, "IPC Streaming Format".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from wildaffect.formats.parquet_tables import read_parquet
from wildaffect.outputs.tables.format import TableFormat

ROW_GROUP_BYTES = 16 << 20


def header(schema: pa.Schema) -> bytes:
    """Return the message that opens the stream."""
    return bytes(schema.serialize().to_pybytes())


def rows(batch: pa.RecordBatch) -> bytes:
    """Return the message of one batch."""
    return bytes(batch.serialize().to_pybytes())


def convert(part: Path, target: Path) -> None:
    """Write the batches of an Arrow stream as Parquet, one row group at a time."""
    with part.open("rb") as source, target.open("wb") as sink:
        schema = pa.ipc.open_stream(source).schema
        source.seek(0)
        with arrow_parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
            for group in _groups(_batches(source)):
                writer.write_table(group)


def read(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:  # noqa: ARG001
    """Read a finished table; the file contains its types."""
    return read_parquet(path)


def read_part(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:  # noqa: ARG001
    """Read the complete batches of the stream."""
    with path.open("rb") as file:
        if not _opens(file):
            return pa.table({})
        schema = pa.ipc.open_stream(file).schema
        file.seek(0)
        return pa.Table.from_batches(_batches(file), schema)


def whole_bytes(path: Path) -> int:
    """Return the size of the opening message and all complete batches."""
    with path.open("rb") as file:
        if not _opens(file):
            return 0
        end = 0
        for _ in _batches(file):
            end = file.tell()
        return end or path.stat().st_size


def _opens(file: pa.PythonFile) -> bool:
    try:
        pa.ipc.open_stream(file)
    except (pa.ArrowInvalid, OSError):
        return False
    finally:
        file.seek(0)
    return True


def _batches(file: pa.PythonFile) -> Iterator[pa.RecordBatch]:
    """Yield batches until the stream ends or is truncated."""
    reader = pa.ipc.open_stream(file)
    while True:
        try:
            yield reader.read_next_batch()
        except (StopIteration, pa.ArrowInvalid, OSError):
            return


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        waiting.append(batch)
        size += batch.nbytes
        if size >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, size = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


PARQUET = TableFormat(
    name="Parquet",
    suffixes=(".parquet",),
    header=header,
    rows=rows,
    convert=convert,
    read=read,
    read_part=read_part,
    whole_bytes=whole_bytes,
)
