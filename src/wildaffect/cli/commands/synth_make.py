"""Generate a data set of synthetic people with exact labels, in the layout of s-Aff-Wild2.

Examples:
    wildaffect synth make demo -o worlds/demo --seed 0 --workers 2

    wildaffect synth make wild -o worlds/wild --people 500 --files both
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional
from wildaffect.synth.presets import PresetName
from wildaffect.synth.statistics import StatisticsName


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `synth make`."""

    preset: Annotated[PresetName, Positional("PRESET")]
    """Size and kind: tiny and demo for trials; bench, wild and everyday for training;
    stills for single images of many people; scenes for full frames with several people."""
    output: Path
    """Output folder; empty, or with an unfinished run of the same command."""
    seed: int = 0
    """Random seed; it determines the entire data set."""
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
    voice: bool = False
    """Also write features of a voice, without sound, to the feature set `voice` of the
    folder's feature store. They tell about 30 % of the variance of valence and 50 % of
    that of arousal, so that what fusion with the face adds can be measured."""
    json: bool = False
    """Print the summary as JSON on standard output."""


def run(command: Command) -> int:
    """Generate the data set and show progress."""
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.generate import generate

    with ProgressDisplay() as progress:
        made = generate(
            command.preset,
            command.output,
            seed=command.seed,
            num_workers=command.workers,
            size_px=command.size,
            statistics=None if command.statistics == "preset" else command.statistics,
            num_people=command.people,
            files=command.files,
            voice=command.voice,
            on_progress=partial(progress.show, "rendering"),
        )
    if command.json:
        summary = {
            "output": str(made.folder),
            "videos": made.num_videos,
            "images_drawn": made.num_images,
            "seconds": round(made.wall_s, 1),
        }
        print(json.dumps(summary))
        return 0
    print(
        f"{made.folder}: {made.num_videos} videos, {made.num_images} images drawn in "
        f"{made.wall_s:.1f} s ({made.num_images / max(made.wall_s, 1e-9):.0f} per second)"
    )
    return 0
