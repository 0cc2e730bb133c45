"""Compare the conditions of a study over its participants, with intervals.

STUDY is a CSV with a line per trial: video, participant, condition, and if wanted onset_s,
baseline_start_s and baseline_stop_s (seconds in the video) and track_id. A participant
counts once, and a condition needs at least five of them.

Example: wildaffect compare-clips study.csv wildaffect-results -o study --window-stop 8
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `compare-clips`."""

    study: Annotated[Path, Positional("STUDY")]
    """CSV file with a line per trial."""
    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""
    output: Path = Path("study")
    """Folder for the page and the tables."""
    signals: tuple[str, ...] = ("valence", "arousal")
    """Columns of the tables to compare."""
    window_start: float = 0.0
    """First second of the window, relative to the onset."""
    window_stop: float = 10.0
    """Second to stop at, relative to the onset, exclusive."""
    step: float = 0.5
    """Seconds that are averaged to one point of a curve."""
    min_usable: float = 0.5
    """Minimum share of steps with a readable face; other trials are excluded."""
    resamples: int = 2000
    """Resamples of participants for each interval."""
    seed: int = 0
    """Random seed of the resamples."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Write the comparison, and print its differences and exclusions."""
    from wildaffect.core.console import Console
    from wildaffect.core.errors import UsageError
    from wildaffect.core.printable import printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.reporting.tables import terminal_table
    from wildaffect.study.curves import Window
    from wildaffect.study.tables import differences_text
    from wildaffect.workflows.compare_clips import compare_clips

    try:
        window = Window(
            start_s=command.window_start,
            stop_s=command.window_stop,
            step_s=command.step,
            min_usable=command.min_usable,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    if command.resamples < 100:
        raise UsageError(f"--resamples must be at least 100, got {command.resamples}")
    if command.seed < 0:
        raise UsageError(f"--seed must be at least 0, got {command.seed}")
    with ProgressDisplay(quiet=command.quiet) as display:
        result = compare_clips(
            command.study,
            command.results,
            signals=command.signals,
            window=window,
            num_resamples=command.resamples,
            seed=command.seed,
            on_trial=lambda done, total: display.show("trials", done, total),
        )
    folder = result.write(command.output)
    console = Console(highlight=False, soft_wrap=True)
    table = differences_text(result.comparison)
    console.print(terminal_table(table))
    console.print(table.note, markup=False, soft_wrap=False)
    for trial, reason in result.exclusions:
        console.print(f"excluded: {printable(trial)}: {reason}", markup=False)
    console.print(f"wrote {printable(str(folder))}: study.html and tables", markup=False)
    return 0
