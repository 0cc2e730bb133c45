"""List imported weights with features, license and origin.

Example: wildaffect weights list --json
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `weights list`."""

    folder: Annotated[Path | None, Positional("FOLDER")] = None
    """Folder of stored weights; by default in the platform's user data folder."""
    json: bool = False
    """Print the manifests as JSON on standard output."""


def run(command: Command) -> int:
    """Print one line per entry."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from wildaffect.core.console import Console

    require_train("weights list")
    from wildaffect.models.backbones.weights import list_weights, user_folder

    folder = command.folder or user_folder()
    manifests = list_weights(folder)
    if command.json:
        print(json.dumps([asdict(manifest) for manifest in manifests]))
        return 0
    if not manifests:
        print(f"{folder}: no weights; see: wildaffect weights import --help")
        return 0
    table = Table()
    for heading in ("name", "network", "features", "crop", "license", "from"):
        table.add_column(heading, overflow="fold")
    for manifest in manifests:
        crop = manifest.preprocess
        table.add_row(
            manifest.name,
            manifest.network,
            str(manifest.feature_dim),
            f"{crop.size_px} px {crop.channels}",
            manifest.license or "not stated",
            manifest.source or manifest.source_file,
        )
    Console(highlight=False, markup=False).print(table)
    return 0
