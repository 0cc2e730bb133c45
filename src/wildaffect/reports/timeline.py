"""Data of a timeline: lanes and columns of each person, events, range of time."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from wildaffect.core.events import Event, EventKind
from wildaffect.core.scales import Scale
from wildaffect.core.tasks import EXTENDED_ACTION_UNIT_NAMES, action_unit_label
from wildaffect.reports.encoding import ColumnEncoder, EncodedColumn
from wildaffect.reports.people import AFFECT, STATUSES, Labels, PersonRows

TIME_STEP_S = 1e-4
VALUE_STEP = 0.002
"""Of valence and arousal."""
SHARE_STEP = 0.01
"""Of probabilities and shares."""
ANGLE_STEP_DEG = 0.5
SCALE_STEPS = 500
"""Steps from the lower to the upper end of a rating or intensity."""

_UNIT_NAMES = {
    action_unit_label(number): name for number, name in EXTENDED_ACTION_UNIT_NAMES.items()
}
_MARKED = (EventKind.EYES, EventKind.GAZE, EventKind.MOUTH, EventKind.HEAD)
Lane = dict[str, Any]


def lanes_of(person: PersonRows, labels: Labels, events: Sequence[Event]) -> list[Lane]:
    """Return the lanes of one person, from top to bottom."""
    has = person.values.__contains__
    lanes = [_lane("axis", ("time",)), _lane("status", ("quality",))]
    if any(map(has, AFFECT)):
        lanes.append(_trace(AFFECT, ("valence", "arousal"), (-1.0, 0.0, 1.0), height=120))
    lanes += [_scale_lane(scale) for scale in labels.scales if has(scale.label)]
    if person.expression is not None:
        lanes.append(_lane("band", ("expression",), short=("expr.",)))
    marked = [event.label for event in events if event.kind in _MARKED]
    if marked:
        rows = tuple(dict.fromkeys(sorted(marked)))
        words = tuple(row.replace("_", " ") for row in rows)
        short = tuple(_SHORT.get(row, row[:9]) for row in rows)
        lanes.append(_lane("marks", words, short=short) | {"rows": rows})
    lanes += [_unit_lane(label) for label in labels.action_units if has(label)]
    eyes = ("eye_closure_left", "eye_closure_right", "mouth_open")
    if any(map(has, eyes)):
        words = ("left eye closed", "right eye closed", "mouth open")
        short = ("l. eye", "r. eye", "mouth")
        lanes.append(_trace(eyes, words, (0.0, 0.5, 1.0), height=56, short=short))
    gaze = ("gaze_yaw_deg", "gaze_pitch_deg")
    if any(map(has, gaze)):
        words = ("gaze left (+) or right", "gaze up (+) or down")
        lane = _trace(gaze, words, (-45.0, 0.0, 45.0), height=56, short=("yaw", "pitch"))
        lanes.append(lane | {"unit": "deg"})
    return lanes


_SHORT = {
    "eyes_closed": "closed",
    "looking_at_camera": "at camera",
    "looking_away": "away",
    "mouth_open": "mouth",
}


def encode_person(
    person: PersonRows, labels: Labels, encoder: ColumnEncoder
) -> dict[str, Any]:
    """Append the columns of one person; return where each lies."""
    columns: dict[str, EncodedColumn] = {
        "time_s": encoder.add(person.time_s, TIME_STEP_S),
        "frame": encoder.add(person.frame, 1.0),
        "status": encoder.add(person.status, 1.0),
    }
    if person.expression is not None:
        columns["expression"] = encoder.add(person.expression, 1.0)
    steps = {s.label: (s.high - s.low) / SCALE_STEPS for s in labels.scales}
    for name, values in person.values.items():
        columns[name] = encoder.add(values, steps.get(name) or _step_of(name))
    return {name: asdict(column) for name, column in columns.items()}


def timeline_data(
    people: Sequence[PersonRows],
    labels: Labels,
    events: Iterable[Event],
) -> tuple[dict[str, Any], str]:
    """Return the description of the timeline, for JSON, and the payload of its columns."""
    encoder = ColumnEncoder()
    events = sorted(events, key=lambda event: event.onset_s)
    described = []
    for person in people:
        own = [event for event in events if event.track_id == person.track_id]
        described.append(
            {
                "track": person.track_id,
                "columns": encode_person(person, labels, encoder),
                "lanes": lanes_of(person, labels, own),
                "events": [_event(event) for event in own],
            }
        )
    data = {
        "from": min((float(person.time_s[0]) for person in people), default=0.0),
        "to": max((_end_s(person) for person in people), default=1.0),
        "statuses": [status.replace("_", " ") for status in STATUSES],
        "expressions": labels.expressions,
        "people": described,
    }
    return data, encoder.payload()


def _end_s(person: PersonRows) -> float:
    """Return the time at which the last frame ends."""
    steps = np.diff(person.time_s)
    return float(person.time_s[-1] + (np.median(steps) if len(steps) else 1 / 30))


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": str(event.kind),
        "label": event.label,
        "onset": round(event.onset_s, 4),
        "offset": round(event.offset_s, 4),
    }


def _step_of(name: str) -> float:
    if name in AFFECT:
        return VALUE_STEP
    return ANGLE_STEP_DEG if name.endswith("_deg") else SHARE_STEP


def _scale_lane(scale: Scale) -> Lane:
    name = scale.label.replace("_", " ")
    levels = (scale.low, (scale.low + scale.high) / 2, scale.high)
    words = (f"{name} {scale.ends}",)
    lane = _trace((scale.label,), words, levels, height=56, short=(name[:9],))
    return lane | {"name": name, "ends": scale.ends}


def _unit_lane(label: str) -> Lane:
    name = _UNIT_NAMES.get(label)
    words = f"{name} {label}" if name else label
    return _lane("heat", (words,), columns=(label,), short=(label,))


def _lane(
    kind: str,
    labels: tuple[str, ...],
    *,
    columns: tuple[str, ...] = (),
    short: tuple[str, ...] = (),
) -> Lane:
    return {"kind": kind, "labels": labels, "shortLabels": short or labels} | {
        "columns": columns
    }


def _trace(
    columns: tuple[str, ...],
    labels: tuple[str, ...],
    levels: tuple[float, ...],
    *,
    height: int,
    short: tuple[str, ...] = (),
) -> Lane:
    return _lane("trace", labels, columns=columns, short=short) | {
        "low": levels[0],
        "high": levels[-1],
        "levels": levels,
        "height": height,
    }
