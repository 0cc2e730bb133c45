"""The result of a job in the formats that clients ask for, from its JSON Lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from wildaffect.core.errors import OutputError, WildAffectError, unexpected
from wildaffect.outputs.events_file import events_path
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.table import BATCH_ROWS, TableWriter
from wildaffect.outputs.tables.json_rows import parse
from wildaffect.serving.records import Kind
from wildaffect.workflows.report import report

MAX_EMBEDDED_BYTES = 50_000_000
"""Size of the largest video that is put into a report."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Names of the files that were written, and why the report is missing if it is."""

    files: dict[Kind, str]
    note: str | None = None


def write_formats(lines: Path, schema: ResultSchema, source: Path) -> Formats:
    """Write a table in every format, and its report; a report that fails is a note.

    Memory does not grow with the table, but for the report.

    Args:
        lines: Finished table in JSON Lines.
        schema: Its columns.
        source: File that was analyzed.
    """
    files = {Kind.JSONL: lines.name}
    for kind in (Kind.CSV, Kind.PARQUET):
        path = lines.with_suffix(f".{kind}")
        with TableWriter(path, schema) as writer:
            for batch in _batches(lines, schema):
                writer.write_batch(batch)
        files[kind] = path.name
    if events_path(lines).is_file():
        files[Kind.EVENTS] = events_path(lines).name
    try:
        page = _report(lines, source)
    except WildAffectError as error:
        return Formats(files, f"no report: {error}")
    except Exception as error:  # the tables are complete without it
        return Formats(files, f"no report: {unexpected(lines.name, error)}")
    return Formats(files | ({Kind.REPORT: page.name} if page else {}))


def _batches(lines: Path, schema: ResultSchema) -> Iterator[pa.RecordBatch]:
    arrow = schema.arrow()
    types = {field.name: field.type for field in arrow}
    with lines.open("rb") as file:
        while chunk := b"".join(islice(file, BATCH_ROWS)):
            yield from parse(chunk, types).cast(arrow).to_batches()


def _report(lines: Path, source: Path) -> Path | None:
    """Write the report, with the video in it if browsers play it and it is small."""
    if source.stat().st_size <= MAX_EMBEDDED_BYTES:
        try:
            return report(lines, embed_video=True).reports[0].path
        except OutputError:  # the page without it says why
            pass
    return report(lines).reports[0].path
