"""Find events in results again, with durations and levels of your own.

`analyze` writes NAME.events.csv beside every table; this replaces it.

Example: wildaffect events wildaffect-results --min-duration 0.5
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `events`."""

    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""
    min_duration: float = 0.2
    """Minimum seconds of an event other than a blink, nod or shake."""
    merge_gap: float = 0.2
    """Maximum seconds between two events of one label that become one."""
    release: float = 0.8
    """An action unit ends below this share of its threshold."""
    blink_min: float = 0.05
    """Minimum seconds of a blink."""
    blink_max: float = 0.5
    """Maximum seconds of a blink; longer closures are the event eyes_closed."""
    nod_min: float = 4.0
    """Minimum degrees of each movement of a nod."""
    shake_min: float = 6.0
    """Minimum degrees of each movement of a shake."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Write the events of every result; return 1 if one could not be read."""
    import sys
    from collections import Counter

    from wildaffect.core.errors import UsageError
    from wildaffect.core.printable import counted, printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.events.settings import EventSettings
    from wildaffect.workflows.summarize import write_events

    if not command.results:
        raise UsageError("events: no result given; name a table or a folder of tables")
    try:
        settings = EventSettings(
            min_duration_s=command.min_duration,
            merge_gap_s=command.merge_gap,
            release=command.release,
            blink_min_s=command.blink_min,
            blink_max_s=command.blink_max,
            nod_min_deg=command.nod_min,
            shake_min_deg=command.shake_min,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    has_errors = False
    with ProgressDisplay(quiet=command.quiet) as display:
        for report in write_events(
            command.results,
            settings=settings,
            on_result=lambda _name, done, total: display.show("results", done, total),
        ):
            if report.error is not None:
                print(f"wildaffect: {printable(report.error)}", file=sys.stderr)
                has_errors = True
                continue
            if report.note is not None:
                with display.hidden():
                    print(f"note: {printable(report.note)}")
                continue
            counts = Counter(event.label for event in report.events).most_common()
            listed = ", ".join(f"{label} {count}" for label, count in counts)
            with display.hidden():
                print(
                    f"wrote {printable(str(report.path))}: "
                    f"{counted(len(report.events), 'event')}"
                    f"{f' ({printable(listed)})' if listed else ''}"
                )
    return 1 if has_errors else 0
