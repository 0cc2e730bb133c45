"""Show the card of a model, and the origin and license of every file it runs.

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
    """Name of an embedded or added model, or folder or zip of an exported model."""
    json: bool = False
    """Print the manifest, and the provenance of every file, as JSON on standard output."""


def run(command: Command) -> int:
    """Print the card, or the manifest if JSON is requested, and the provenance."""
    import json
    from dataclasses import asdict

    from wildaffect.core.printable import printable_lines
    from wildaffect.inference.artifact import load_artifact, read_card, to_json
    from wildaffect.inference.provenance import provenance_of, provenance_text

    model = load_artifact(command.model)
    records = provenance_of(model)
    manifest = json.loads(to_json(model.manifest))
    if command.json:
        provenance = [asdict(record) for record in records]
        print(json.dumps(manifest | {"provenance": provenance}, indent=2))
        return 0
    card = read_card(command.model) or json.dumps(manifest, indent=2)
    print(printable_lines(f"{card.rstrip()}\n\n{provenance_text(records)}"))
    return 0
