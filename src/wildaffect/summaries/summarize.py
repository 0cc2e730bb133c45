"""Statistics of each person of a result table.

Symbols: R rows of one person.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wildaffect.core.events import Event, EventKind
from wildaffect.core.faces import Status
from wildaffect.core.tasks import expression_column
from wildaffect.summaries.columns import (
    NUMBERS,
    PERCENTILES,
    Signals,
    event_name,
    share_name,
    signals_of,
)

PLACE_FIELDS = (
    pa.field("source", pa.string()),
    pa.field("image", pa.string()),
    pa.field("track_id", pa.int64()),
    pa.field("start_s", pa.float64()),
    pa.field("stop_s", pa.float64()),
    pa.field("duration_s", pa.float64()),
    pa.field("num_frames", pa.int64()),
    pa.field("num_usable", pa.int64()),
    pa.field("usable_share", pa.float64()),
    pa.field("usable_s", pa.float64()),
)
"""First columns of a summary. A row is usable if its status is `ok`."""


def summarize_table(
    table: pa.Table, events: Sequence[Event], source: str | None = None
) -> pa.Table:
    """Return one row per person of a result table; a table without faces has one row.

    Statistics are over the rows of the person that have a value: frames without the face,
    or with a face that cannot be read, are never counted as neutral. Shares are of those
    rows. Events are counted per minute of usable rows, and not for photographs.

    Args:
        table: Rows as in docs/schema.md.
        events: Events of the table.
        source: Name of the video where the table has none.

    Raises:
        ValueError: If the table lacks frame, time, track or status.
    """
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise ValueError(
            f"summary: a table must have the columns {', '.join(_NEEDED)}, got no "
            f"{', '.join(missing)}"
        )
    signals = signals_of(table.schema)
    fields = [*PLACE_FIELDS, *(pa.field(name, pa.float64()) for name in signals.names())]
    schema = pa.schema(fields)
    track_ids = pc.unique(table["track_id"]).drop_null().to_pylist()
    step_s = _step_s(table)
    rows = [
        _person(
            table.filter(pc.equal(table["track_id"], track_id)), step_s, signals, events
        )
        for track_id in sorted(track_ids)
    ]
    if not rows:
        rows = [
            _place(table, step_s) | {"num_usable": 0, "usable_share": 0.0, "usable_s": 0.0}
        ]
    for row in rows:
        row["source"] = row.get("source") or source
    columns = {name: [row.get(name) for row in rows] for name in schema.names}
    return pa.table(
        [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema],
        schema=schema,
    )


_NEEDED = ("frame", "time_s", "track_id", "status")


def _person(
    rows: pa.Table, step_s: float, signals: Signals, events: Sequence[Event]
) -> dict[str, Any]:
    usable = rows.filter(pc.equal(rows["status"], str(Status.OK)))
    place = _place(rows, step_s)
    share = usable.num_rows / rows.num_rows
    usable_s = None if place["duration_s"] is None else usable.num_rows * step_s
    summary = place | {
        "num_usable": usable.num_rows,
        "usable_share": share,
        "usable_s": usable_s,
    }
    for name in signals.quality:
        values = _values(rows[name])
        summary[f"{name}_median"] = float(np.median(values)) if len(values) else None
    for name in signals.numbers:
        summary |= zip(
            (f"{name}_{number}" for number in NUMBERS),
            _numbers(_values(rows[name])),
            strict=True,
        )
    for name in signals.flags:
        values = _values(rows[name])
        share_of = float(values.mean()) if len(values) else None
        summary[f"{share_name(name)}_share"] = share_of
    return summary | _expressions(rows, signals) | _events(summary, signals, events)


def _step_s(table: pa.Table) -> float:
    """Return the duration of a frame: the median over the frames of a table."""
    _, place = np.unique(table["frame"].to_numpy(), return_index=True)
    times_s = table["time_s"].to_numpy()[place]
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0


def _place(rows: pa.Table, step_s: float) -> dict[str, Any]:
    """Return source, track and time of a person's rows, or of a table without faces."""
    names = rows.column_names
    first = {
        name: rows[name][0].as_py()
        for name in ("source", "image", "track_id")
        if name in names and rows.num_rows
    }
    frames, place = np.unique(rows["frame"].to_numpy(), return_index=True)
    is_film = first.get("image") is None and len(frames) > 0
    times = rows["time_s"].to_numpy()[place] if is_film else np.array([])
    start_s = float(times[0]) if is_film else None
    stop_s = float(times[-1]) + step_s if is_film else None
    return first | {
        "start_s": start_s,
        "stop_s": stop_s,
        "duration_s": None if start_s is None or stop_s is None else stop_s - start_s,
        "num_frames": len(frames),
    }


def _expressions(rows: pa.Table, signals: Signals) -> dict[str, Any]:
    if not signals.expressions:
        return {}
    labels = rows["expression"].drop_null().to_pylist()
    counts = Counter(map(expression_column, labels))
    return {
        f"expression_{name.removeprefix('p_')}_share": counts[name] / len(labels)
        if labels
        else None
        for name in signals.expressions
    }


def _events(
    summary: dict[str, Any], signals: Signals, events: Sequence[Event]
) -> dict[str, Any]:
    """Return number and rate of the events; none where nothing could be observed."""
    if not summary["usable_s"]:
        return {}
    counts = Counter(
        event_name(event.kind is EventKind.EXPRESSION, event.label)
        for event in events
        if event.track_id == summary["track_id"]
    )
    labels = [*signals.events, *(f"expression_{n[2:]}" for n in signals.expressions)]
    minutes = summary["usable_s"] / 60
    return {f"{label}_count": counts[label] for label in labels} | {
        f"{label}_per_min": counts[label] / minutes for label in labels
    }


def _values(column: pa.ChunkedArray) -> NDArray[np.float64]:
    known = column.drop_null()
    numbers = known.cast(pa.int8()) if pa.types.is_boolean(known.type) else known
    return np.asarray(numbers.to_numpy(), np.float64)


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Return the statistics of `NUMBERS`; None where there are too few values."""
    if not len(values):
        return [None] * len(NUMBERS)
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    percentiles = np.percentile(values, PERCENTILES).tolist()
    return [float(values.mean()), sd, *percentiles, float(values.max())]
