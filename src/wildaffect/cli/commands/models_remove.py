"""Remove a model that was added with `models add`.

Example: wildaffect models remove hsemotion
"""

from dataclasses import dataclass
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `models remove`."""

    model: Annotated[str, Positional("NAME")]
    """Name of the added model."""


def run(command: Command) -> int:
    """Remove one model."""
    from wildaffect.workflows.add_model import remove_model

    print(f"{remove_model(command.model)}: removed")
    return 0
