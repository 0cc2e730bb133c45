"""Rebuild the embedded models from nothing.

    npm install @vladmandic/face-api@1.7.15
    python scripts/build_embedded_models.py node_modules/@vladmandic/face-api/model

Draws the generated world `everyday` and keeps its features alone, trains the networks of
`open`, adds the expression network of face-api for `default`, and puts both artifacts into
the package. World and networks are the same to the bit on one machine; a stopped build
resumes. On two idle cores it takes about half an hour, most of it drawing.
"""

import argparse
import shutil
from pathlib import Path

import torch
from convert_faceapi_expression import build_network, read_weights
from rich.console import Console
from rich.progress import Progress

from wildaffect.features.world_features import write_world_features
from wildaffect.features.world_sight import see_video
from wildaffect.inference.artifact import EMBEDDED, OPEN, load_artifact, write_artifact
from wildaffect.recipes.embedded import default_artifact, open_artifact
from wildaffect.recipes.embedded_card import card_of
from wildaffect.recipes.embedded_parts import train_parts
from wildaffect.synth.presets import PRESETS

WORLD = PRESETS["everyday"]
WORLD_SEED = 20
LINE_EVERY = 100
"""People between two lines of progress where the bar is not seen."""


def main() -> None:
    """Build both and print their hashes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder `model` of the npm package")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/embedded"))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    appearance = build_network(read_weights(args.model))
    world = args.output / "world"
    draw(world, args.workers)
    parts = train_parts(world, args.output / "runs")
    for manifest, files in (open_artifact(parts), default_artifact(parts, appearance)):
        target = EMBEDDED / manifest.name
        shutil.rmtree(target, ignore_errors=True)
        own = {name: data for name, data in files.items() if not is_stored(name, data)}
        write_artifact(target, manifest, own | {"CARD.md": card_of(manifest).encode()})
        print(f"{target}: {load_artifact(manifest.name).digest}")


def is_stored(name: str, content: bytes) -> bool:
    """Return whether `open` has this very network, which is then stored once."""
    path = EMBEDDED / OPEN / name
    return path.is_file() and path.read_bytes() == content


def draw(folder: Path, workers: int) -> None:
    """Draw the world, showing how far it is."""
    console = Console(stderr=True)
    with Progress(console=console) as bar:
        task = bar.add_task("people")
        for state in write_world_features(
            folder,
            WORLD,
            seed=WORLD_SEED,
            statistics=WORLD.statistics,
            size_px=WORLD.size_px,
            workers=workers,
            draw=see_video,
        ):
            bar.update(task, completed=state.num_done, total=state.num_videos)
            if not console.is_terminal and state.num_done % LINE_EVERY == 0:
                console.print(f"people: {state.num_done} of {state.num_videos}")


if __name__ == "__main__":
    main()
