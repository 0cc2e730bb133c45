"""Events and summaries of stored results."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event
from wildaffect.core.files import write_whole
from wildaffect.core.printable import counted, printable
from wildaffect.events.settings import EventSettings
from wildaffect.outputs.event_log import (
    OnlyPhotographs,
    events_of,
    write_events_of,
)
from wildaffect.outputs.events_file import events_path, read_events
from wildaffect.outputs.find import find_results
from wildaffect.outputs.sidecar import read_sidecar, sidecar_path
from wildaffect.outputs.table import read_table
from wildaffect.outputs.tables import csv_rows
from wildaffect.reporting.tables import TextTable, html_table
from wildaffect.summaries.summarize import summarize_table
from wildaffect.workflows.on_result import OnResult, no_progress

Results = str | Path | Sequence[str | Path]
"""Tables, and folders with tables, as `analyze` wrote them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsReport:
    """Events of one result."""

    result: Path
    events: tuple[Event, ...] = ()
    path: Path | None = None
    """File of the events; None if they could not be found or written."""
    error: str | None = None
    note: str | None = None
    """Why a result in a folder has none by its nature, as photographs do."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary:
    """Statistics of every person in a set of results, a row each."""

    table: pa.Table
    """Columns as in docs/events.md."""
    failed: tuple[str, ...] = ()
    """What could not be read, a line each."""
    path: Path | None = None
    """File that was written, if any."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        columns = counted(self.table.num_columns, "column")
        return f"Summary({counted(len(self), 'row')} by {columns}{failed})"

    def _repr_html_(self) -> str:
        """Return the first columns, for notebooks."""
        rows = self.table.select(self.table.column_names[:10]).to_pylist()
        cells = tuple(
            tuple("" if value is None else str(value) for value in row.values())
            for row in rows
        )
        header = tuple(self.table.column_names[:10])
        return f"<p>{self!r}</p>{html_table(TextTable(header=header, rows=cells))}"

    def to_arrow(self) -> pa.Table:
        """Return the rows without copying."""
        return self.table


def write_events(
    results: Results,
    *,
    settings: EventSettings | None = None,
    on_result: OnResult = no_progress,
) -> Iterator[EventsReport]:
    """Find the events of stored results again and write them beside each.

    `analyze` writes `NAME.events.csv` with the default settings; this replaces it.

    Args:
        results: Tables, and folders with tables.
        settings: Durations and levels.
        on_result: Called after each result.

    Raises:
        OutputError: If a path does not exist, or a folder has no result.
    """
    given = [results] if isinstance(results, str | Path) else results
    found, named = find_results(given), {Path(each) for each in given}
    for done, result in enumerate(found, 1):
        try:
            path, events = write_events_of(result, settings)
        except OnlyPhotographs as error:
            if result in named:
                yield EventsReport(result=result, error=str(error))
            else:
                yield EventsReport(result=result, note=str(error))
        except OutputError as error:
            yield EventsReport(result=result, error=str(error))
        else:
            yield EventsReport(result=result, events=events, path=path)
        on_result(result.name, done, len(found))


def summarize(
    results: Results,
    output: str | Path | None = None,
    *,
    settings: EventSettings | None = None,
    on_result: OnResult = no_progress,
) -> Summary:
    """Return one row per video and person, with statistics of every signal.

    Results that cannot be read are listed in `failed`; the others are kept.

    Args:
        results: Tables, and folders with tables.
        output: CSV file to write; none by default.
        settings: Durations and levels of the events that are counted; by default, events
            are those in the file beside a result, or found with the default settings.
        on_result: Called after each result.

    Raises:
        OutputError: If a path does not exist, a folder has no result, no result can be
            read, or the file cannot be written or is itself a result.
    """
    given = [results] if isinstance(results, str | Path) else results
    found = find_results(given)
    path = None if output is None else _checked(Path(output), found)
    tables, failed = [], []
    for done, result in enumerate(found, 1):
        try:
            tables.append(_summary_of(result, settings))
        except (OutputError, ValueError) as error:
            failed.append(str(error))
        on_result(result.name, done, len(found))
    if not tables:
        raise OutputError(failed[0])
    summary = pa.concat_tables(tables, promote_options="default")
    if path is not None:
        _write(path, summary)
    return Summary(table=summary, failed=tuple(failed), path=path)


def _summary_of(result: Path, settings: EventSettings | None) -> pa.Table:
    table = read_table(result)
    events: tuple[Event, ...] = ()
    stored = events_path(result)
    if settings is None and sidecar_path(stored).exists():
        events = read_events(stored)
    else:
        with suppress(ValueError):  # the summary raises its own for the same reason
            events, _ = events_of(table, settings)
    try:
        rows = summarize_table(table, events, printable(result.name))
    except ValueError as error:
        raise OutputError(f"{result}: {error}") from error
    complete = (read_sidecar(result) or {}).get("complete", True)
    is_complete = pa.array([bool(complete)] * rows.num_rows, pa.bool_())
    return rows.add_column(1, "complete", is_complete)


def _checked(path: Path, results: Sequence[Path]) -> Path:
    """Return the path of a summary, unless a result is there."""
    if path.suffix.lower() != ".csv":
        raise OutputError(f"{path}: a summary must end in .csv, got {path.suffix!r}")
    if path.is_dir():
        raise OutputError(f"{path}: a summary must be a file, got a folder")
    is_given = any(path.resolve() == result.resolve() for result in results)
    if is_given or sidecar_path(path).exists():
        raise OutputError(f"{path}: is a result; choose another name with -o")
    return path


def _write(path: Path, summary: pa.Table) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, csv_rows.whole(summary))
    except OSError as error:
        raise OutputError(
            f"{path}: summary must be writable, got {error.strerror or error}"
        ) from error
