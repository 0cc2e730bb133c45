"""Write an offline HTML page of each result: video, traces, events, people.

Example: wildaffect report wildaffect-results -o reports
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `report`."""

    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""
    output: Path | None = None
    """Folder of the pages; by default beside each table."""
    thumbnails: Literal["blurred", "clear", "none"] = "blurred"
    """How people are pictured. Pages link to the original video in any case, which shows
    them."""
    embed_video: bool = False
    """Put the video itself into the page, so that the page is complete when sent."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Write the pages; return 1 if a result could not be read."""
    import sys

    from wildaffect.core.errors import UsageError
    from wildaffect.core.printable import printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.report import report

    if not command.results:
        raise UsageError("report: no result given; name a table or a folder of tables")
    with ProgressDisplay(quiet=command.quiet) as display:
        made = report(
            command.results,
            command.output,
            thumbnails=command.thumbnails,
            embed_video=command.embed_video,
            on_result=lambda _name, done, total: display.show("reports", done, total),
        )
    for line in made.failed:
        print(f"wildaffect: {printable(line)}", file=sys.stderr)
    for page in made.reports:
        if page.path is not None:
            print(f"wrote {printable(str(page.path))}")
            for text in page.omitted:
                print(f"  note: {text}")
    if made.index is not None:
        print(f"wrote {printable(str(made.index))}: open this one")
    return 1 if made.failed else 0
