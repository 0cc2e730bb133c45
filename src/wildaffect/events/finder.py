"""Events of all people, from the rows of a result table in order.

Rows are divided into whole frames first, so that the events are the same for any batches:
those of a stream, or of a stored table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wildaffect.core.arrow import floats
from wildaffect.core.events import Event
from wildaffect.core.tasks import expression_column
from wildaffect.events.catalog import (
    GAZE_ANGLE,
    expression_rule,
    expression_state,
    rules_for,
)
from wildaffect.events.intervals import Floats, Interval
from wildaffect.events.rules import Rule, Watcher
from wildaffect.events.settings import EventSettings
from wildaffect.events.thresholds import stored_thresholds

PLACE_COLUMNS = ("frame", "time_s", "track_id")
"""Columns without which a table has no events."""


class EventFinder:
    """Finds the events in batches of rows; photographs have none.

    Args:
        schema: Arrow schema of the rows.
        thresholds: Action unit -> threshold of its probability; those of the schema by
            default. An action unit without one has no events.
        settings: Durations and levels.

    Raises:
        ValueError: If the schema lacks frame, time or track.
    """

    def __init__(
        self,
        schema: pa.Schema,
        thresholds: Mapping[str, float] | None = None,
        settings: EventSettings | None = None,
    ) -> None:
        missing = [name for name in PLACE_COLUMNS if name not in schema.names]
        if missing:
            raise ValueError(
                f"events: a table must have the columns {', '.join(PLACE_COLUMNS)}, got no "
                f"{', '.join(missing)}"
            )
        self._settings = settings or EventSettings()
        thresholds = stored_thresholds(schema) if thresholds is None else thresholds
        derived = [GAZE_ANGLE] if set(schema.names) >= _HAS_GAZE else []
        self._rules = rules_for([*schema.names, *derived], thresholds, self._settings)
        self._has_image = "image" in schema.names
        self._read = [
            name
            for name in dict.fromkeys(name for rule in self._rules for name in rule.columns)
            if name in schema.names
        ]
        self._read += [name for name in sorted(_HAS_GAZE) if derived]
        self._probs = [name for name in schema.names if name.startswith("p_")]
        self._has_expressions = "expression" in schema.names
        self.has_video = False
        """True once there were rows that are no photographs."""
        self._rest: pa.Table | None = None
        """Rows of the last frame, of which the next batch may have more."""
        self._tracks: dict[int, _Track] = {}
        self._num_frames = 0
        self._frame_s = 0.0
        """Duration of the last whole frame."""

    def add(self, batch: pa.RecordBatch) -> list[Event]:
        """Add rows in the order of their frames; return the events that they complete."""
        rows = pa.Table.from_batches([batch])
        if self._has_image:
            rows = rows.filter(rows["image"].is_null())
        self.has_video = self.has_video or rows.num_rows > 0
        if self._rest is not None:
            rows = pa.concat_tables([self._rest, rows])
        if not rows.num_rows:
            return []
        frames = rows["frame"].to_numpy()
        whole = int(np.searchsorted(frames, frames[-1]))
        self._rest = rows.slice(whole).combine_chunks()
        if not whole:
            return []
        next_s = rows["time_s"][whole].as_py()
        return list(self._whole_frames(rows.slice(0, whole), next_s))

    def close(self) -> list[Event]:
        """Return the events that are still open; the last frame lasts as the one before."""
        events: list[Event] = []
        if self._rest is not None and self._rest.num_rows:
            last_s = self._rest["time_s"][0].as_py()
            events += self._whole_frames(self._rest, last_s + self._frame_s)
        for track in self._tracks.values():
            events += track.close()
        self._tracks.clear()
        self._rest = None
        return events

    def _whole_frames(self, rows: pa.Table, next_s: float) -> Iterator[Event]:
        frames, times_s = rows["frame"].to_numpy(), rows["time_s"].to_numpy()
        is_new = np.diff(frames, prepend=frames[0] - 1) != 0
        place = np.cumsum(is_new) - 1
        starts_s = np.append(times_s[is_new], next_s)
        self._frame_s = float(starts_s[-1] - starts_s[-2])
        block = _Block(
            place=place + self._num_frames,
            times_s=times_s,
            stops_s=starts_s[1:][place],
            columns=self._columns(rows),
            labels=_labels(rows) if self._has_expressions else {},
        )
        self._num_frames += int(place[-1]) + 1
        track_ids = rows["track_id"].fill_null(-1).to_numpy()
        for track_id in np.unique(track_ids[track_ids >= 0]).tolist():
            yield from self._of_track(track_id, block.take(track_ids == track_id))
        for track_id, track in list(self._tracks.items()):
            if track.last_place < self._num_frames - 1:
                yield from self._tracks.pop(track_id).close()

    def _of_track(self, track_id: int, block: "_Block") -> Iterator[Event]:
        """Add the rows of a track; a frame without it ends what it shows."""
        for run in block.runs():
            track = self._tracks.get(track_id)
            if track is not None and run.place[0] != track.last_place + 1:
                yield from track.close()
                track = None
            if track is None:
                track = _Track(track_id, self._rules, self._settings, set(self._probs))
                self._tracks[track_id] = track
            yield from track.add(run)

    def _columns(self, rows: pa.Table) -> dict[str, Floats]:
        columns = {name: floats(rows[name]) for name in [*self._read, *self._probs]}
        if columns.keys() >= _HAS_GAZE:
            yaw, pitch = (np.radians(columns[name]) for name in sorted(_HAS_GAZE)[::-1])
            columns[GAZE_ANGLE] = np.degrees(np.arccos(np.cos(yaw) * np.cos(pitch)))
        return columns


def find_events(
    table: pa.Table,
    thresholds: Mapping[str, float] | None = None,
    settings: EventSettings | None = None,
) -> tuple[Event, ...]:
    """Return the events of a whole result table, by onset and track.

    Args:
        table: Rows as in docs/schema.md, in the order of their frames.
        thresholds: As in `EventFinder`.
        settings: Durations and levels.

    Raises:
        ValueError: If the table lacks frame, time or track.
    """
    finder = EventFinder(table.schema, thresholds, settings)
    events = [event for batch in table.to_batches() for event in finder.add(batch)]
    return in_order([*events, *finder.close()])


def in_order(events: list[Event]) -> tuple[Event, ...]:
    """Return events by onset, track, kind and label, as they are stored."""
    return tuple(
        sorted(events, key=lambda e: (e.onset_s, e.track_id, e.kind, e.label, e.offset_s))
    )


_HAS_GAZE = {"gaze_yaw_deg", "gaze_pitch_deg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Rows in order: number and duration of their frames, and their columns."""

    place: NDArray[np.int64]
    times_s: Floats
    stops_s: Floats
    columns: Mapping[str, Floats]
    labels: Mapping[str, Floats]
    """Expression -> 1 where it is the row's label, 0 where another is, NaN without one."""

    def take(self, rows: NDArray[np.bool_] | slice) -> "_Block":
        return _Block(
            place=self.place[rows],
            times_s=self.times_s[rows],
            stops_s=self.stops_s[rows],
            columns={name: values[rows] for name, values in self.columns.items()},
            labels={name: values[rows] for name, values in self.labels.items()},
        )

    def runs(self) -> Iterator["_Block"]:
        """Yield the rows of consecutive frames."""
        cuts = [0, *(np.flatnonzero(np.diff(self.place) > 1) + 1).tolist(), len(self.place)]
        if len(cuts) == 2:
            yield self
            return
        for start, stop in pairwise(cuts):
            yield self.take(slice(start, stop))


class _Track:
    """What one track shows."""

    def __init__(
        self,
        track_id: int,
        rules: tuple[Rule, ...],
        settings: EventSettings,
        probs: set[str],
    ) -> None:
        self._track_id, self._settings, self._probs = track_id, settings, probs
        self._watchers: list[tuple[Rule, Watcher]] = [
            (rule, rule.start()) for rule in rules
        ]
        self._labels: set[str] = set()
        self.last_place = -1

    def add(self, block: _Block) -> Iterator[Event]:
        """Add rows of consecutive frames."""
        self.last_place = int(block.place[-1])
        for label, is_shown in block.labels.items():
            is_new = label not in self._labels and expression_column(label) in self._probs
            if is_new and (is_shown == 1).any():
                shown = expression_rule(label, self._settings)
                self._labels.add(label)
                self._watchers.append((shown, shown.start()))
        zeros = np.zeros(len(block.times_s))
        states = {
            expression_state(label): block.labels.get(label, zeros)
            for label in self._labels
        }
        columns = {**block.columns, **states}
        for rule, watcher in self._watchers:
            yield from self._events(
                rule, watcher.add(block.times_s, block.stops_s, columns)
            )

    def close(self) -> Iterator[Event]:
        """Yield what is still open."""
        for rule, watcher in self._watchers:
            yield from self._events(rule, watcher.close())

    def _events(self, rule: Rule, intervals: Iterator[Interval]) -> Iterator[Event]:
        for interval in intervals:
            if rule.accepts(interval.offset_s - interval.onset_s):
                yield Event(
                    track_id=self._track_id,
                    kind=rule.kind,
                    label=rule.label,
                    onset_s=interval.onset_s,
                    apex_s=interval.apex_s,
                    offset_s=interval.offset_s,
                    peak=round(interval.peak, 6),
                    mean=round(interval.mean, 6),
                )


def _labels(rows: pa.Table) -> dict[str, Floats]:
    """Return expression -> 1, 0 or NaN of each row."""
    codes = rows["expression"].combine_chunks().dictionary_encode()
    indices = floats(codes.indices)
    return {
        label: np.where(np.isnan(indices), np.nan, indices == code)
        for code, label in enumerate(codes.dictionary.to_pylist())
    }
