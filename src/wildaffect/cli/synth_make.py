"""Generate a data set of synthetic people with exact labels, in the layout of s-Aff-Wild2.

Examples:
    wildaffect synth make demo -o worlds/demo --seed 0 --workers 2

    wildaffect synth make wild -o worlds/wild --people 500 --files both
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.console import Console
from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.synth.presets import PRESETS, PresetName
from wildaffect.synth.statistics import StatisticsName

if TYPE_CHECKING:
    from wildaffect.synth.dataset import Progress as Made

MAX_CROP_PX, MAX_HEIGHT_PX = 512, 1080
MAX_PEOPLE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `synth make`."""

    preset: tyro.conf.Positional[PresetName]
    """Size and kind: tiny and demo for trials; bench, wild and everyday for training;
    stills for single images of many people; scenes for full frames with several people."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Output folder; empty, or with an unfinished run of the same command."""
    seed: int = 0
    """Random seed; it determines the whole data set."""
    workers: int = 1
    """Number of rendering processes."""
    size: int | None = None
    """Side of the crops in pixels, 32 to 512; of scenes, the height of the frame."""
    statistics: StatisticsName | Literal["preset"] = "preset"
    """Label statistics: like those of s-Aff-Wild2, or balanced."""
    people: int | None = None
    """Number of people in the training split; the other splits keep the preset's
    proportion. For scenes, the number of videos."""
    files: Literal["crops", "videos", "both", "features"] = "crops"
    """Files to write: aligned crops of the annotated frames, videos of all frames with more
    context around the face, or both; features writes the crops' geometry to a feature store
    and no pictures. Scenes are always videos."""
    json: bool = False
    """Print the summary as JSON."""


def run(command: Command) -> int:
    """Generate the data set and show progress."""
    _check(command)
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise MissingExtra("synth make", "world") from error
    started = time.monotonic()
    columns = (
        TextColumn("drawing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    num_images = num_videos = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        for state in _states(command):
            bar.update(task, completed=state.num_done, total=state.num_videos)
            num_images, num_videos = state.num_images, state.num_videos
    seconds = time.monotonic() - started
    if command.json:
        summary = {
            "output": str(command.output),
            "videos": num_videos,
            "images_drawn": num_images,
            "seconds": round(seconds, 1),
        }
        print(json.dumps(summary))
        return 0
    print(
        f"{command.output}: {num_videos} videos, {num_images} images drawn in "
        f"{seconds:.1f} s ({num_images / max(seconds, 1e-9):.0f} per second)"
    )
    return 0


def _check(command: Command) -> None:
    is_scenes = command.preset == "scenes"
    most_px = MAX_HEIGHT_PX if is_scenes else MAX_CROP_PX
    if command.size is not None and not 32 <= command.size <= most_px:
        raise UsageError(
            f"synth make: --size must be 32 to {most_px} pixels, got {command.size}"
        )
    if command.seed < 0 or not 1 <= command.workers <= 4 * (os.cpu_count() or 1):
        raise UsageError(
            "synth make: --seed must be 0 or more and --workers 1 to four times the cores, "
            f"got {command.seed} and {command.workers}"
        )
    if command.people is not None and not 1 <= command.people <= MAX_PEOPLE:
        raise UsageError(
            f"synth make: --people must be 1 to {MAX_PEOPLE}, got {command.people}"
        )
    if is_scenes and command.files != "crops":
        raise UsageError(
            f"synth make: --files {command.files} is not valid for scenes, which are "
            "always videos; leave it out"
        )


def _states(command: Command) -> "Iterator[Made]":
    from wildaffect.data.world_features import write_world_features
    from wildaffect.synth.dataset import write_world
    from wildaffect.synth.scene_files import write_scenes

    preset = PRESETS[command.preset]
    if command.people is not None:
        preset = preset.with_people(command.people)
    chosen = command.statistics
    if preset.name == "scenes":
        write = write_scenes
    elif command.files == "features":
        write = write_world_features
    else:
        write = partial(write_world, files=command.files)
    return write(
        command.output,
        preset,
        seed=command.seed,
        statistics=preset.statistics if chosen == "preset" else chosen,
        size_px=command.size or preset.size_px,
        workers=command.workers,
    )
