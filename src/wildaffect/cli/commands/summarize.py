"""Summarize results: one row per video and person with statistics of every signal.

Example: wildaffect summarize wildaffect-results -o summary.csv
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `summarize`."""

    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""
    output: Path = Path("summary.csv")
    """CSV file to write."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Write the summary; return 1 if a result could not be read."""
    import sys

    from wildaffect.core.errors import UsageError
    from wildaffect.core.printable import counted, printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.summarize import summarize

    if not command.results:
        raise UsageError("summarize: no result given; name a table or a folder of tables")
    with ProgressDisplay(quiet=command.quiet) as display:
        summary = summarize(
            command.results,
            command.output,
            on_result=lambda _name, done, total: display.show("results", done, total),
        )
    for line in summary.failed:
        print(f"wildaffect: {printable(line)}", file=sys.stderr)
    size = f"{counted(len(summary), 'row')}, {counted(summary.table.num_columns, 'column')}"
    print(f"wrote {printable(str(command.output))}: {size}")
    return 1 if summary.failed else 0
