"""Print a methods paragraph for a paper from results and their sidecars.

Example: wildaffect methods wildaffect-results
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `methods`."""

    results: Annotated[tuple[Path, ...], Positional("RESULT")]
    """Tables that `analyze` wrote, and folders of them."""


def run(command: Command) -> int:
    """Print the paragraph, and what has to be added by hand."""
    from wildaffect.workflows.methods_text import methods_text

    print(methods_text(command.results))
    return 0
