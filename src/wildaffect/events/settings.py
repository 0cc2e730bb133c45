"""Settings of event detection, recorded beside every list of events."""

from dataclasses import dataclass

from wildaffect.core.checks import check_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """Durations and levels by which events begin, end and merge.

    Raises:
        ValueError: If a number is out of range.
    """

    min_duration_s: float = 0.2
    """Minimum duration of events other than blinks; shorter ones are dropped."""
    merge_gap_s: float = 0.2
    """Events of one label with at most this gap between them are one."""
    release: float = 0.8
    """An action unit ends where its probability falls below this share of its threshold."""
    blink_min_s: float = 0.05
    blink_max_s: float = 0.5
    """A longer closure of both eyes is the event `eyes_closed`."""
    gaze_merge_gap_s: float = 0.5
    """The same gap for gaze, which is unknown during a blink."""
    mouth_onset: float = 0.3
    """`mouth_open` begins at this value of the column of that name."""
    mouth_offset: float = 0.2
    """`mouth_open` ends below this value."""
    nod_min_deg: float = 4.0
    """Minimum swing of the head's pitch in a nod."""
    shake_min_deg: float = 6.0
    """Minimum swing of the head's yaw in a shake."""

    def __post_init__(self) -> None:
        check_numbers(
            "events",
            "[0, inf)",
            min_duration_s=self.min_duration_s,
            merge_gap_s=self.merge_gap_s,
            blink_min_s=self.blink_min_s,
            blink_max_s=self.blink_max_s,
            gaze_merge_gap_s=self.gaze_merge_gap_s,
        )
        check_numbers("events", "(0, 1]", release=self.release)
        check_numbers(
            "events",
            "(0, inf)",
            nod_min_deg=self.nod_min_deg,
            shake_min_deg=self.shake_min_deg,
        )
        if self.blink_max_s < self.blink_min_s:
            raise ValueError(
                f"events: blink_max_s must be at least blink_min_s, got "
                f"{self.blink_max_s:g} below {self.blink_min_s:g}"
            )
        if self.mouth_offset > self.mouth_onset:
            raise ValueError(
                f"events: mouth_offset must be at most mouth_onset, got "
                f"{self.mouth_offset:g} above {self.mouth_onset:g}"
            )
