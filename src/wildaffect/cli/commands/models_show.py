"""Show the card of a model: members, sources, licenses, thresholds, limits.

Examples:
    wildaffect models show default

    wildaffect models show my-model --json
"""

from dataclasses import dataclass
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `models show`."""

    model: Annotated[str, Positional("MODEL")]
    """Name of an embedded model, or folder or zip of an exported model."""
    json: bool = False
    """Print the manifest as JSON on standard output."""


def run(command: Command) -> int:
    """Print the card, or the manifest if JSON is requested or there is no card."""
    from wildaffect.core.printable import printable_lines
    from wildaffect.inference.artifact import load_artifact, read_card, to_json

    model = load_artifact(command.model)
    card = read_card(command.model)
    if command.json or not card:
        print(to_json(model.manifest))
    else:
        print(printable_lines(card))
    return 0
