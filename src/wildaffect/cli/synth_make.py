"""Make a world of generated people with exactly known affect, in the layout of s-Aff-Wild2.

Example: wildaffect synth make demo -o worlds/demo --seed 0 --workers 2
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.synth.presets import PRESETS, PresetName
from wildaffect.synth.statistics import StatisticsName


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to make and where."""

    preset: tyro.conf.Positional[PresetName]
    """How large: tiny and demo for trying, bench and wild for training, stills of many
    people, scenes of several people in whole frames."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder to write, empty or holding the same world unfinished."""
    seed: int = 0
    """Everything follows from it."""
    workers: int = 1
    """Processes that draw."""
    size: int | None = None
    """Side of the crops in pixels, 32 to 512; of scenes, the height of the frame."""
    statistics: StatisticsName | Literal["preset"] = "preset"
    """How often things happen: as s-Aff-Wild2 was counted, or enough of each."""
    json: bool = False
    """Print the summary as JSON."""


def run(command: Command) -> int:
    """Make the world, showing how far it is."""
    preset = PRESETS[command.preset]
    size_px = command.size or preset.size_px
    if not 32 <= size_px <= (1080 if preset.name == "scenes" else 512):
        raise UsageError(f"synth make: --size must be 32 to 512 pixels, got {size_px}")
    if command.seed < 0 or not 1 <= command.workers <= 4 * (os.cpu_count() or 1):
        raise UsageError(
            "synth make: --seed must be 0 or more and --workers 1 to four times the cores, "
            f"got {command.seed} and {command.workers}"
        )
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise MissingExtra("synth make", "world") from error
    if preset.name == "scenes":
        from wildaffect.synth.scene_files import write_scenes as write
    else:
        from wildaffect.synth.dataset import write_world as write
    statistics = preset.statistics if command.statistics == "preset" else command.statistics
    started = time.monotonic()
    states = write(
        command.output,
        preset,
        seed=command.seed,
        statistics=statistics,
        size_px=size_px,
        workers=command.workers,
    )
    columns = (
        TextColumn("drawing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    num_images = num_videos = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        for state in states:
            bar.update(task, completed=state.num_done, total=state.num_videos)
            num_images, num_videos = state.num_images, state.num_videos
    seconds = time.monotonic() - started
    if command.json:
        print(
            json.dumps(
                {
                    "output": str(command.output),
                    "videos": num_videos,
                    "images_drawn": num_images,
                    "seconds": round(seconds, 1),
                }
            )
        )
        return 0
    print(
        f"{command.output}: {num_videos} videos, {num_images} images drawn in "
        f"{seconds:.1f} s ({num_images / max(seconds, 1e-9):.0f} per second)"
    )
    return 0
