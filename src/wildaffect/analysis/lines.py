"""Analysis of one source to JSON Lines on standard output."""

import sys
import time
from contextlib import ExitStack, closing
from itertools import chain

from wildaffect.analysis.job import (
    FileJob,
    FileReport,
    OnFrame,
    end_of_live,
    lost_frames,
    note_of,
    reported,
    run_job,
)
from wildaffect.analysis.pictures import with_names
from wildaffect.core.errors import Stopped, UnreadableVideo, no_frame_chosen
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.summary import Summarizer
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
    started_s = time.monotonic()
    error: str | None = None
    stop: Stopped | None = None
    job.neutral.check(job.source, job.read)
    with ExitStack() as stack:
        reader = stack.enter_context(job.read.open(job.source))
        schema = job.columns.schema(analyzer.artifact.manifest)
        summarizer = Summarizer(schema.spaces)
        neutrals = job.neutral.neutrals(analyzer, job.source, job.read)
        run = analyzer.run(reported(reader, on_frame), neutrals.of_track)
        results = stack.enter_context(closing(run))
        pictures = job.read.pictures(job.source)
        rows = summarizer.observe(with_names(results, job.label, pictures))
        first = next(rows, None)
        if first is None:
            raise no_frame_chosen(reader.info.name)
        try:
            for row in chain([first], rows):
                sys.stdout.buffer.write(json_rows.rows(schema.batch([row])))
                sys.stdout.buffer.flush()
        except UnreadableVideo as broken:
            error = str(broken)
        except KeyboardInterrupt as interrupt:
            stop = end_of_live(job, interrupt)
        error = error or lost_frames(reader, pictures)
        error = error and job.renamed(error)
    if stop:
        raise stop
    note = note_of(reader, neutrals, summarizer)
    return FileReport(
        source=job.name,
        summary=summarizer.run(time.monotonic() - started_s),
        tracks=summarizer.tracks(),
        error=error,
        note=job.renamed(note) if note and not error else None,
    )
