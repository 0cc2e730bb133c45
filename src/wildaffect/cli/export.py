"""Turn a run or an ensemble into an artefact that `analyze --model` loads.

Before anything is written, the exported networks are compared with the trained ones, by
themselves and over a clip from its pixels.

Examples:
    wildaffect export runs/modern-0 -o artefacts/mine

    wildaffect export ensembles/best -o artefacts/best.zip --license CC-BY-4.0

    wildaffect export runs/affect -o artefacts/pixels --backbone vit=runs/vit
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from wildaffect.cli.extras import require_train


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect export`."""

    source: tyro.conf.Positional[Path]
    """Folder of a finished run or of an ensemble."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder of the artefact, or a .zip to write it as one file."""
    backbone: tuple[str, ...] = ()
    """NAME=FOLDER for each input that a backbone makes: the feature set, and the run or the
    name of `wildaffect weights list` that `extract --features` was given."""
    name: str | None = None
    """Of the artefact; that of the output if not given."""
    version: str = "1"
    """Of the artefact."""
    license: str = "not stated"
    """Of the artefact; that of the data is repeated from the run in any case."""
    summary: str | None = None
    """One sentence on what it is and is not, in place of one made of the run."""
    clip: Path | None = None
    """Video with a face to prove parity on; the clip that ships with the package if not
    given."""
    zip: bool = False
    """Write one file, ending in .zip."""


def run(command: Command) -> int:
    """Export, prove parity, write, and say how large the differences are."""
    require_train("export")
    from wildaffect.export.artefact import Title
    from wildaffect.export.bundled_backbones import parse_backbones
    from wildaffect.recipes.export_command import export

    output = command.output
    if command.zip and output.suffix != ".zip":
        output = output.with_name(f"{output.name}.zip")
    title = Title(
        name=command.name or command.output.name.removesuffix(".zip"),
        version=command.version,
        license=command.license,
        summary=command.summary,
    )
    return export(
        command.source,
        output,
        title,
        backbones=parse_backbones(command.backbone),
        clip=command.clip,
    )
