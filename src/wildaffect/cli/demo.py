"""Run the main job on a portrait and a clip that ship with the package; no network.

Example: wildaffect demo -o demo-results
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `demo`."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("demo-results")
    """Folder for clip, tables and overlays; it is made."""


def run(command: Command) -> int:
    """Make the clip, analyse it and the portrait, and say where everything is."""
    from wildaffect.cli.analyze import Command as Analyze
    from wildaffect.cli.analyze import run as analyze
    from wildaffect.demo.clip import PORTRAIT, write_demo_clip

    folder = command.output
    folder.mkdir(parents=True, exist_ok=True)
    clip, portrait = folder / "clip.mp4", folder / "portrait.jpg"
    write_demo_clip(clip)
    shutil.copyfile(PORTRAIT, portrait)
    status = analyze(
        Analyze(inputs=(str(clip), str(portrait)), output=folder, overlay=True)
    )
    print(
        f"\nLook at {folder / 'clip.overlay.mp4'} and {folder / 'portrait.overlay.png'}; "
        f"the table is {folder / 'clip.csv'}.\n"
        "What is shown is what observers might perceive, by a baseline of written rules.\n"
        "Your own video: wildaffect analyze VIDEO --overlay"
    )
    return status
