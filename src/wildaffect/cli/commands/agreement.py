"""Compare a result with the table of another program: ICC, CCC, kappa, limits, lag.

Reads tables of OpenFace 2 and 3, Py-Feat, LibreFace, and other results.

Example: wildaffect agreement results/clip.csv openface/clip.csv --report agreement.html
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `agreement`."""

    ours: Annotated[Path, Positional("OURS")]
    """Table that `analyze` wrote."""
    theirs: Annotated[Path, Positional("THEIRS")]
    """Table of another program for the same video, or another result."""
    shift: float = 0.0
    """Seconds to add to the times of THEIRS; the report estimates the lag."""
    report: Path | None = None
    """Also write the report to this .html, .md or .json file."""
    json: bool = False
    """Print the report as JSON on standard output."""


def run(command: Command) -> int:
    """Compare both tables and print the report."""
    from wildaffect.core.console import Console
    from wildaffect.interchange.agreement_pages import (
        NOTE,
        agreement_json,
        agreement_table,
        lines_of,
        title_of,
    )
    from wildaffect.reporting.tables import terminal_table
    from wildaffect.workflows.agreement import agreement

    found = agreement(
        command.ours, command.theirs, shift_s=command.shift, report=command.report
    )
    if command.json:
        print(agreement_json(found))
        return 0
    console = Console(highlight=False, markup=False)
    console.print(title_of(found))
    for line in lines_of(found):
        console.print(line)
    console.print(terminal_table(agreement_table(found)))
    console.print(NOTE)
    if command.report:
        console.print(f"report: {command.report}")
    return 0
