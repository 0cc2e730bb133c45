"""Events: stretches of time in which one person shows something."""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What an event is about; a tier of its own in annotation tools."""

    ACTION_UNIT = "action_unit"
    EXPRESSION = "expression"
    EYES = "eyes"
    """Blinks and longer closures of the eyes."""
    GAZE = "gaze"
    MOUTH = "mouth"
    HEAD = "head"
    """Nods and shakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of one track; its time is the half-open interval [onset_s, offset_s)."""

    track_id: int
    kind: EventKind
    label: str
    """What is shown, such as `AU12`, `Happiness`, `blink` or `nod`."""
    onset_s: float
    apex_s: float
    """Time of the largest value; the first of several equal ones."""
    offset_s: float
    peak: float
    """Largest value, in the unit of the event's signal."""
    mean: float
    """Mean over the rows that have a value."""

    @property
    def duration_s(self) -> float:
        """Length in seconds, to the microsecond."""
        return round(self.offset_s - self.onset_s, 6)
