"""Events of a table while it is written, or once it is stored."""

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event
from wildaffect.events.finder import EventFinder, find_events, in_order
from wildaffect.events.settings import EventSettings
from wildaffect.events.thresholds import estimated_thresholds, stored_thresholds
from wildaffect.outputs.events_file import (
    EventsOrigin,
    events_path,
    remove_events,
    write_events,
)
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table


class OnlyPhotographs(OutputError):
    """A result holds photographs alone, which have no events."""


class EventLog:
    """Events of a table that is being written, about 300 bytes of memory each.

    They are written when the `with` block succeeds, after the table; photographs have none.
    """

    def __init__(self, result: Path, schema: pa.Schema, source: str | None) -> None:
        self._result, self._source = result, source
        self._finder = EventFinder(schema)
        self._thresholds = stored_thresholds(schema)
        self._events: list[Event] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows in the order of their frames."""
        self._events += self._finder.add(batch)

    def __enter__(self) -> Self:
        remove_events(self._result)  # those of an older table must not stay beside the new
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and self._finder.has_video:
            self._events += self._finder.close()
            origin = EventsOrigin(thresholds=self._thresholds)
            write_events(self._result, in_order(self._events), origin, self._source)


def events_of(
    table: pa.Table, settings: EventSettings | None = None
) -> tuple[tuple[Event, ...], EventsOrigin]:
    """Return the events of a stored table and how they were found.

    A table without the thresholds of its model, which its sidecar has, gets estimates.

    Raises:
        ValueError: If the table lacks frame, time or track.
    """
    thresholds = stored_thresholds(table.schema)
    estimated = {} if thresholds else estimated_thresholds(table)
    found = thresholds or estimated
    origin = EventsOrigin(
        settings=settings or EventSettings(), thresholds=found, estimated=bool(estimated)
    )
    return find_events(table, found, origin.settings), origin


def write_events_of(
    result: Path, settings: EventSettings | None = None
) -> tuple[Path, tuple[Event, ...]]:
    """Find the events of a stored result and write them beside it.

    Raises:
        OnlyPhotographs: If the result holds photographs alone.
        OutputError: If the result cannot be read, is unfinished, has no columns of frame,
            time and track, or the events cannot be written, or their name is that of
            another file.
    """
    if result.suffix == ".part":
        raise OutputError(
            f"{result}: is unfinished; run `wildaffect recover {result}` first"
        )
    _check_free(result)
    table = read_table(result)
    if "image" in table.column_names and not table["image"].null_count and len(table):
        raise OnlyPhotographs(f"{result}: photographs have no events")
    try:
        events, origin = events_of(table, settings)
    except ValueError as error:
        raise OutputError(f"{result}: {error}") from error
    return write_events(result, events, origin, source_of_rows(table)), events


def _check_free(result: Path) -> None:
    """Raise an error if the name of the events is that of a result or another file."""
    path = events_path(result)
    if path.exists() and "settings" not in (read_sidecar(path) or {}):
        raise OutputError(
            f"{path}: exists and holds no events of {result.name}; move it away"
        )


def source_of_rows(table: pa.Table) -> str | None:
    """Return the name of the source in the first row, if the table has names."""
    if "source" not in table.column_names or not table.num_rows:
        return None
    return str(table["source"][0].as_py() or "") or None


def add_missing_events(result: Path) -> None:
    """Write the events of a stored result if it has none; photographs have none.

    Raises:
        OutputError: If the result cannot be read, or the events cannot be written.
    """
    if not events_path(result).exists():
        table = read_table(result)
        if table["image"].null_count:
            write_events_of(result)
