"""Analysis of many sources in sequence; a failure does not stop the others."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from wildaffect.analysis.job import FileJob, FileReport, OnFrame, run_job
from wildaffect.analysis.naming import NamedSource, result_names
from wildaffect.core.errors import OutputError, UnreadableVideo, UsageError, unexpected
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.claim import ResultBusy
from wildaffect.outputs.table import FORMATS, table_format
from wildaffect.video.expand import Source

TABLE_SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)
FILE_SUFFIXES = frozenset(
    {".arrow", ".avi", ".feather", ".h5", ".html", ".json", ".mkv", ".mov", ".mp4"}
    | {".npz", ".pkl", ".tsv", ".txt", ".xls", ".xlsx"}
)
"""Common suffixes of file names that are no table format."""
_POLL_S = 0.5


def plan_results(sources: Sequence[Source], out: Path, suffix: str) -> list[NamedSource]:
    """Return each source with the names that its table may have, by preference.

    `out` is the name of a table if it ends like one and there is a single source, else a
    folder, which is created; see `result_names`.

    Raises:
        UsageError: If several sources would share a table, or the format is unknown.
        OutputError: If the folder cannot be created.
    """
    plan = result_names(sources, out, suffix)
    if out.suffix.lower() in TABLE_SUFFIXES and not out.is_dir():
        if len(plan) > 1:
            raise UsageError(
                f"{out}: output must be a folder for {len(plan)} inputs, got a table's "
                "name; give a folder to -o"
            )
        _make_folder(out.parent)
        return [replace(named, results=(out,)) for named in plan]
    table_format(Path(f"result{suffix}"))
    if not out.is_dir() and _is_file_name(out):
        table_format(out)
    _make_folder(out)
    return plan


def run_jobs(
    jobs: Sequence[FileJob],
    analyzer: Analyzer,
    on_frame_of: Callable[[int], OnFrame],
) -> Iterator[FileReport]:
    """Yield the report of each job as it ends; a failure is a report with its error.

    A `UsageError` of the only job is raised. A job that resumes and is in progress in
    another run is deferred to the end: it is then run if the other run did not finish it.

    Args:
        jobs: In the order in which they run.
        analyzer: Shared by all.
        on_frame_of: Called with a job's number; returns the callback for its frames.
    """
    busy = []
    for number, job in enumerate(jobs):
        try:
            yield _report(job, analyzer, on_frame_of(number))
        except ResultBusy:
            busy.append((number, job))
        except UsageError as error:
            if len(jobs) == 1:
                raise
            yield FileReport(source=job.name, error=str(error))
    for number, job in busy:
        while (report := _report_or_busy(job, analyzer, on_frame_of(number))) is None:
            time.sleep(_POLL_S)
        yield report


def _report_or_busy(
    job: FileJob, analyzer: Analyzer, on_frame: OnFrame
) -> FileReport | None:
    try:
        return _report(job, analyzer, on_frame)
    except ResultBusy:
        return None


def _report(job: FileJob, analyzer: Analyzer, on_frame: OnFrame) -> FileReport:
    """Run a job and return its outcome, also on failure.

    Raises:
        UsageError: If the options of the job are wrong.
        ResultBusy: If it resumes and another run is working on it.
    """
    try:
        return run_job(job, analyzer, on_frame)
    except UsageError:
        raise
    except (UnreadableVideo, OutputError) as error:
        if isinstance(error, ResultBusy) and job.resume:
            raise
        return FileReport(source=job.name, error=str(error))
    except Exception as error:
        return FileReport(source=job.name, error=unexpected(job.name, error))


def _is_file_name(out: Path) -> bool:
    suffix = out.suffix.lower()
    return suffix in FILE_SUFFIXES or bool(get_close_matches(suffix, TABLE_SUFFIXES))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: output folder must be writable, got {error.strerror}; "
            "choose another place with -o"
        ) from error
