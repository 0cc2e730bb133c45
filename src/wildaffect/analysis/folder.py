"""Many sources, one after another: one that fails does not stop the others."""

import os
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from wildaffect.analysis.job import FileJob, FileReport, Watch, run_job
from wildaffect.core.errors import OutputError, UnreadableVideo, UsageError
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.resume import plan_jobs
from wildaffect.outputs.table import FORMATS, table_format
from wildaffect.video.inputs import SourceLike

TABLE_SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)
FILE_SUFFIXES = frozenset(
    {".arrow", ".avi", ".feather", ".h5", ".html", ".json", ".mkv", ".mov", ".mp4"}
    | {".npz", ".pkl", ".tsv", ".txt", ".xls", ".xlsx"}
)
"""Names that are meant as a file, and that no table has."""


def plan_results(
    sources: Sequence[SourceLike], out: Path, suffix: str
) -> list[tuple[SourceLike, Path]]:
    """Return each source with the table that it gets.

    `out` is a table's name if it ends like one and there is one source, else a folder,
    which is made. Live sources are called `camera-0` and `stream`. A source that is named
    twice is read once.

    Raises:
        UsageError: If several sources would share one table, or the format is not known.
        OutputError: If the folder cannot be made.
    """
    names = _names(sources)
    distinct = list(names.values())
    if out.suffix.lower() in TABLE_SUFFIXES and not out.is_dir():
        if len(distinct) > 1:
            raise UsageError(
                f"{out}: output must be a folder for {len(distinct)} inputs, got a table's "
                "name; give a folder to -o"
            )
        _make_folder(out.parent)
        return [(distinct[0], out)]
    table_format(Path(f"result{suffix}"))
    if not out.is_dir() and _is_file_name(out):
        table_format(out)
    _make_folder(out)
    jobs = plan_jobs(list(names), out, suffix)
    return [(source, job.result) for source, job in zip(distinct, jobs, strict=True)]


def run_jobs(
    jobs: Sequence[FileJob],
    analyzer: Analyzer,
    watch: Callable[[int], Watch],
) -> Iterator[FileReport]:
    """Yield the report of each job as it ends; a failure is a report with its error.

    A `UsageError` of the only job is raised.

    Args:
        jobs: In the order in which they run.
        analyzer: Shared by all.
        watch: Called with a job's number, gives what watches its frames.
    """
    for number, job in enumerate(jobs):
        try:
            yield run_job(job, analyzer, watch(number))
        except (UnreadableVideo, OutputError, UsageError) as error:
            if len(jobs) == 1 and isinstance(error, UsageError):
                raise
            yield FileReport(source=str(_named(job.source)), error=str(error))


def _names(sources: Sequence[SourceLike]) -> dict[Path, SourceLike]:
    """Return each source once, under a path of its own that its result is named after."""
    names: dict[Path, SourceLike] = {}
    for source in dict.fromkeys(sources):
        path = Path(os.path.abspath(_named(source)))  # noqa: PTH100 - also takes out `..`
        if path in names and isinstance(source, Path):
            continue
        own, number = path, 2
        while own in names:
            own, number = path.with_name(f"{path.name}-{number}"), number + 1
        names[own] = source
    return names


def _named(source: SourceLike) -> Path:
    match source:
        case Path():
            return source
        case int():
            return Path(f"camera-{source}")
        case str():
            return Path("stream")
        case tuple():
            return source[0].parent


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
