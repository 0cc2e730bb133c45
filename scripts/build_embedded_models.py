"""Rebuild the embedded models from nothing: `python scripts/build_embedded_models.py`.

Draws the generated world of `recipes/default.py` and keeps its features alone, trains the
members of both systems on it, joins, calibrates and exports them, and puts the artefacts
into the package. The world is the same to the bit on one machine; a stopped build goes on.
On two idle cores it takes about three quarters of an hour, most of it drawing.
"""

import argparse
import shutil
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from wildaffect.data.world_features import write_world_features
from wildaffect.inference.artefact import EMBEDDED, load_artefact
from wildaffect.recipes.default import WORLD_SEED, WORLD_SIZE_PX, default_world
from wildaffect.recipes.systems import ARTEFACT, SYSTEMS, SystemCommand, train_system

NAMES = ("world", "world-offline")
LICENSE = "Apache-2.0"


def main() -> None:
    """Build both and say their hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("build/embedded"))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    world = args.output / "world-features"
    draw(world, args.workers)
    for name in NAMES:
        folder = args.output / name
        command = SystemCommand(
            system=SYSTEMS[name], data=world, output=folder, license=LICENSE
        )
        train_system(command)
        target = EMBEDDED / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / ARTEFACT, target)
        print(f"{target}: {load_artefact(name).digest}")


def draw(folder: Path, workers: int) -> None:
    """Draw the world, showing how far it is."""
    preset = default_world()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("people")
        for state in write_world_features(
            folder,
            preset,
            seed=WORLD_SEED,
            statistics=preset.statistics,
            size_px=WORLD_SIZE_PX,
            workers=workers,
        ):
            bar.update(task, completed=state.num_done, total=state.num_videos)


if __name__ == "__main__":
    main()
