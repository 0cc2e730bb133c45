"""Export a run or an ensemble to an artifact that `analyze --model` loads.

Nothing is written unless the exported networks match the trained ones, both on random
inputs and on a clip from its pixels.

Examples:
    wildaffect export runs/modern-0 -o artifacts/mine

    wildaffect export ensembles/best -o artifacts/best.zip --license CC-BY-4.0

    wildaffect export runs/affect -o artifacts/pixels --backbone vit=runs/vit

    wildaffect export runs/fused -o artifacts/face --without voice
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect export`."""

    source: Annotated[Path, Positional("RUN")]
    """Folder of a finished run or of an ensemble."""
    output: Path
    """Folder for the artifact, or a .zip to write it as one file."""
    backbone: tuple[str, ...] = ()
    """For each feature set that a backbone computes: its name, and the run or the name in
    the `wildaffect weights list` that `extract --feature-sets` used."""
    without: tuple[str, ...] = ()
    """Feature sets to do without, such as those of sound, which analysis does not have; the
    run needs late fusion, or another with alone or set_dropout."""
    name: str | None = None
    """Name of the artifact; by default that of the output."""
    version: str = "1"
    """Version of the artifact."""
    license: str = "not stated"
    """License of the artifact; the data licenses are copied from the run in any case."""
    summary: str | None = None
    """One sentence on what the artifact is and is not; by default derived from the run."""
    clip: Path | None = None
    """Video with a face for the parity check; by default a clip that ships with the
    package."""


def run(command: Command) -> int:
    """Export, check parity, write, and print the largest differences."""
    require_train("export")
    from wildaffect.cli.results import print_result
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.export.bundled_backbones import parse_backbones
    from wildaffect.workflows.export_model import export_model

    with ProgressDisplay() as progress:
        progress.show("stage", text="loading")
        result = export_model(
            command.source,
            command.output,
            name=command.name,
            version=command.version,
            license=command.license,
            summary=command.summary,
            backbones=parse_backbones(command.backbone),
            without=command.without,
            clip=command.clip,
            on_stage=lambda stage: progress.show("stage", text=stage),
        )
    print_result(result)
    return 0
