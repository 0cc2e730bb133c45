"""Analysis of one source to JSON Lines on standard output."""

import sys
from collections.abc import Sequence

from wildaffect.analysis.files import run_job
from wildaffect.analysis.job import FileJob, FileReport, OnFrame
from wildaffect.analysis.source_rows import SourceRows
from wildaffect.core.results import FaceResult
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.tables import json_rows


def run_any(job: FileJob, analyzer: Analyzer, on_frame: OnFrame) -> FileReport:
    """Analyze one source to its files, or to standard output if it has none."""
    return (run_job if job.results else write_lines)(job, analyzer, on_frame)


def write_lines(job: FileJob, analyzer: Analyzer, on_frame: OnFrame) -> FileReport:
    """Analyze one source and print a line per row, as in a `.jsonl` table.

    A live source ends as in `run_job`.

    Raises:
        UnreadableVideo: If the source has no rows.
        UsageError: If no frame was selected, or no face was found for the neutral.
        BrokenPipeError: If the reader of standard output has gone.
    """
    schema = job.columns.schema(analyzer.artifact.manifest)

    def write(rows: Sequence[FaceResult]) -> None:
        sys.stdout.buffer.write(json_rows.rows(schema.batch(rows)))
        sys.stdout.buffer.flush()

    job.neutral.check(job.source, job.read)
    with (
        job.read.open(job.source) as reader,
        SourceRows(job, analyzer, reader, schema, on_frame) as rows,
    ):
        stop = rows.send_to(write)
    if stop:
        raise stop
    return rows.report()
