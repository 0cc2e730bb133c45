"""Events on disk: `NAME.events.csv` beside the table `NAME.csv`, with a sidecar.

One row per event, by onset. The sidecar has the settings that made them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event, EventKind
from wildaffect.core.files import whole_file
from wildaffect.core.version import __version__
from wildaffect.events.settings import EventSettings
from wildaffect.outputs.partition import companion
from wildaffect.outputs.sidecar import read_sidecar, replace_document, sidecar_path
from wildaffect.outputs.tables import csv_rows

EVENTS_SUFFIX = ".events.csv"
SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("track_id", pa.int64()),
        ("kind", pa.string()),
        ("label", pa.string()),
        ("onset_s", pa.float64()),
        ("apex_s", pa.float64()),
        ("offset_s", pa.float64()),
        ("duration_s", pa.float64()),
        ("peak", pa.float64()),
        ("mean", pa.float64()),
    ]
)
"""Columns of the file; `duration_s` is the difference of offset and onset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsOrigin:
    """How events were found; written beside them."""

    settings: EventSettings = field(default_factory=EventSettings)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Action unit -> threshold of its probability."""
    estimated: bool = False
    """True if the thresholds were estimated from the table, which did not have them."""


def events_path(result: Path) -> Path:
    """Return the path of the events of a result: `clip.events.csv` for `clip.csv`."""
    return companion(result, result.stem + EVENTS_SUFFIX)


def write_events(
    result: Path,
    events: Sequence[Event],
    origin: EventsOrigin,
    source: str | None,
) -> Path:
    """Write the events of a result beside it, each file atomically; return their path.

    Args:
        result: Table that the events are from.
        events: In the order in which they are written.
        origin: How they were found.
        source: Name of the video, as in the table.

    Raises:
        OutputError: If a file cannot be written.
    """
    path = events_path(result)
    table = _table(events, source)
    owner = (read_sidecar(result) or {}).get("source")
    document: dict[str, Any] = {
        "wildaffect_version": __version__,
        "result": result.name,
        "source": {"path": owner.get("path", [])} if isinstance(owner, dict) else {},
        "settings": asdict(origin.settings),
        "thresholds": dict(origin.thresholds),
        "thresholds_are_estimated": origin.estimated,
        "num_events": len(events),
    }
    try:
        with whole_file(path) as part, part.open("wb") as file:
            file.write(csv_rows.whole(table))
            # Other runs take events without a sidecar for a file of the user's.
            path.unlink(missing_ok=True)
            replace_document(sidecar_path(path), document)
    except OSError as error:
        raise OutputError(
            f"{path}: events must be writable, got {error.strerror or error}"
        ) from error
    return path


def remove_events(result: Path) -> None:
    """Remove the events beside a result, if there are any.

    Raises:
        OutputError: If they cannot be removed.
    """
    path = events_path(result)
    try:
        path.unlink(missing_ok=True)
        sidecar_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: older events cannot be removed: {error.strerror or error}"
        ) from error


def read_events(path: str | Path) -> tuple[Event, ...]:
    """Read the events of one file.

    Raises:
        OutputError: If the file is missing or is not a table of events.
    """
    path = Path(path)
    try:
        table = csv_rows.read(path, {field.name: field.type for field in SCHEMA})
    except FileNotFoundError as error:
        raise OutputError(f"{path}: no such file") from error
    except (pa.ArrowException, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(f"{path}: not a table of events: {reason}") from error
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise OutputError(f"{path}: not a table of events: no column {missing[0]}")
    rows = table.drop_columns(["source", "duration_s"]).to_pylist()
    try:
        return tuple(_event(row) for row in rows)
    except ValueError as error:
        raise OutputError(f"{path}: not a table of events: {error}") from error


def _event(row: dict[str, Any]) -> Event:
    numbers = {name: float("nan") if row[name] is None else row[name] for name in _NUMBERS}
    return Event(
        track_id=row["track_id"],
        kind=EventKind(row["kind"]),
        label=row["label"],
        **numbers,
    )


_NUMBERS = ("onset_s", "apex_s", "offset_s", "peak", "mean")


def _table(events: Sequence[Event], source: str | None) -> pa.Table:
    columns: dict[str, list[Any]] = {
        "source": [source] * len(events),
        "kind": [str(event.kind) for event in events],
        **{
            name: [getattr(event, name) for event in events]
            for name in ("track_id", "label", "duration_s", *_NUMBERS)
        },
    }
    arrays = [
        pa.array(columns[field.name], field.type, from_pandas=True) for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)
