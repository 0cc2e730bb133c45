"""Events in tiers, as annotation programs arrange them: no two overlap in one tier."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.events import Event, EventKind
from wildaffect.interchange.stored import StoredResult

_BY_LABEL = {EventKind.ACTION_UNIT, EventKind.HEAD}
"""Kinds whose events overlap, so that each label has a tier of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Events of one person that do not overlap, by onset."""

    name: str
    person: str
    events: tuple[Event, ...]


def person_name(event: Event) -> str:
    """Return the name of the person of an event."""
    return f"person {event.track_id}"


def tiers_of(events: Sequence[Event]) -> list[Tier]:
    """Return the events in tiers by person, kind and, where they overlap, label."""
    found: dict[tuple[int, str, str], list[Event]] = {}
    for event in events:
        subject = event.label if event.kind in _BY_LABEL else str(event.kind)
        found.setdefault((event.track_id, str(event.kind), subject), []).append(event)
    return [
        Tier(
            name=f"person {track} {subject}",
            person=f"person {track}",
            events=tuple(sorted(found[track, kind, subject], key=lambda e: e.onset_s)),
        )
        for track, kind, subject in sorted(found)
    ]


def end_s(result: StoredResult) -> float:
    """Return the end of the last frame, or of the last event if that is later."""
    times_s = result.numbers("time_s")
    end = float(times_s.max()) + 1 / result.rate_hz if len(times_s) else 0.0
    return max([end, *(event.offset_s for event in result.events())])


def relative_media(result: StoredResult, folder: Path) -> str:
    """Return the path of the media from the folder of the files, with slashes."""
    if result.media_path is None:
        return result.media
    try:
        return Path(os.path.relpath(result.media_path, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return result.media_path.as_posix()
