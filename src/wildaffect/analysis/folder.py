"""Analysis of many sources; a failure does not stop the others."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from wildaffect.analysis.job import FileJob, FileReport
from wildaffect.analysis.naming import NamedSource, result_names
from wildaffect.core.errors import UsageError
from wildaffect.core.files import make_folder
from wildaffect.engines import engine as engines
from wildaffect.engines.engine import Engine, OnFrame
from wildaffect.outputs.partition import DATASET
from wildaffect.outputs.table import FORMATS, table_format
from wildaffect.storage.addresses import is_remote, without_credentials
from wildaffect.video.expand import Source

TABLE_SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)
FILE_SUFFIXES = frozenset(
    {".arrow", ".avi", ".feather", ".h5", ".html", ".json", ".mkv", ".mov", ".mp4"}
    | {".npz", ".pkl", ".tsv", ".txt", ".xls", ".xlsx"}
)
"""Common suffixes of file names that are no table format."""
STANDARD_OUTPUT = "-"
_POLL_S = 0.5


def plan_results(
    sources: Sequence[Source], given: str | Path, suffix: str
) -> list[NamedSource]:
    """Return each source with the names that its table may have, by preference.

    `given` is `-` for standard output, the address of a folder in remote storage, in which
    results are relative, the name of a table if it ends like one and there is a
    single source, else a folder, which is created; see `result_names`.

    Raises:
        UsageError: If several sources would share a table, or the format is unknown.
        OutputError: If the folder cannot be created.
    """
    if isinstance(given, str) and is_remote(given):
        _check_no_table(given)
        return result_names(sources, Path(), suffix)
    out = Path(given)
    plan = result_names(sources, out, suffix)
    if str(out) == STANDARD_OUTPUT:
        return [replace(named, results=()) for named in plan]
    is_table = out.suffix.lower() in TABLE_SUFFIXES and not out.is_dir()
    if is_table and suffix == DATASET:
        raise UsageError(f"{out}: output must be a folder for the format {DATASET}")
    if is_table:
        if len(plan) > 1:
            raise UsageError(
                f"{out}: output must be a folder for {len(plan)} inputs, got a table's "
                "name; give a folder to -o"
            )
        make_folder(out.parent)
        return [replace(named, results=(out,)) for named in plan]
    if suffix != DATASET:
        table_format(Path(f"result{suffix}"))
    if not out.is_dir() and _is_file_name(out):
        table_format(out)
    make_folder(out)
    return plan


def run_jobs(
    jobs: Sequence[FileJob],
    engine: Engine[FileJob, FileReport | None],
    on_frame: OnFrame[FileJob],
) -> Iterator[FileReport]:
    """Yield the report of each job as it ends; a failure is a report with its error.

    A job that is in progress in another run is deferred to the end: it is then run if the
    other run did not finish it.

    Args:
        jobs: In the order in which they start.
        engine: Runs them; its outcome is None for a job that another run is working on.
        on_frame: Called with each job, its video and the number of frames so far.

    Raises:
        UsageError: If the options of the only job are wrong.
    """
    waiting = deque(jobs)
    deferred: list[FileJob] = []
    with closing(engines.run_jobs(waiting, engine, on_frame)) as ended:
        for job, report in ended:
            if report is not None:
                yield report
                continue
            if any(job is other for other in deferred):
                time.sleep(_POLL_S)
            else:
                deferred.append(job)
            waiting.append(job)


def _check_no_table(address: str) -> None:
    if Path(address).suffix.lower() in TABLE_SUFFIXES:
        raise UsageError(
            f"{without_credentials(address)}: output must be a folder in remote storage, "
            "got a table's name"
        )


def _is_file_name(out: Path) -> bool:
    suffix = out.suffix.lower()
    return suffix in FILE_SUFFIXES or bool(get_close_matches(suffix, TABLE_SUFFIXES))
