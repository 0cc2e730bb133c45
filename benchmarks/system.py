"""The whole small system from pixels on generated faces, its parts and its references.

    python benchmarks/system.py run --seed 0 -o build/system-0    # a stopped one goes on
    python benchmarks/system.py run --seed 1 -o build/system-1 --backbones-of build/system-0
    python benchmarks/system.py table build/system-0 build/system-1 build/system-2

A seed is a world and a training of its own: backbones learn of 1,500 people, temporal
models of 200 others; 80 more are for validation. With `--backbones-of` the backbones are
another seed's, and only what reads them is trained, on people of its own.

Beside the members of the system, the same GRU reads each feature set by itself, and
references: the true head pose, a color thumbnail, measured geometry, and the true action
units, which no picture can beat. Differences are means over the seeds with 95 % intervals
    over
resampled people of each. Generated faces are no evidence of accuracy on people.
"""

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from system_table import print_table  # beside this file

from wildaffect.cli.main import main as wildaffect
from wildaffect.core.feature_rows import ASSUMED_FPS
from wildaffect.features.records import NO_DIGEST, FeatureTable, Provenance
from wildaffect.features.store import FeatureStore
from wildaffect.recipes.abaw4 import MEASURED_INPUTS
from wildaffect.recipes.catalog import RECIPES
from wildaffect.recipes.pixel_systems import abaw4_system_small
from wildaffect.synth.dataset import IMAGES, write_world
from wildaffect.synth.presets import PRESETS, Preset
from wildaffect.workflows.pixel_stages import features_of, train_from_pixels
from wildaffect.workflows.system_options import PixelSystemOptions
from wildaffect.workflows.train import train

FACES = replace(
    PRESETS["stills"], people={"train": 1500, "val": 60, "test": 0}, rows_per_video=16
)
CLIPS = replace(
    PRESETS["bench"],
    people={"train": 200, "val": 80, "test": 0},
    rows_per_video=50,
    gap_factor=2.5,
)
"""About 12 s of 200 and 80 people."""
THUMBNAIL_PX = 8
ALL = ("vit", "iresnet", "densenet")
EXTRA = {
    "true-pose": ("modern-gru", ("true_pose",)),
    "thumbnail": ("modern-gru", ("thumbnail",)),
    "geometry": ("modern-gru", MEASURED_INPUTS),
    "mae-micro": ("modern-gru", ("mae-micro",)),
    "vit": ("modern-gru", ("vit",)),
    "iresnet": ("modern-gru", ("iresnet",)),
    "densenet": ("modern-gru", ("densenet",)),
    "all-one-frame": ("modern-frame", ALL),
    "all-and-geometry": ("modern-gru", (*ALL, *MEASURED_INPUTS)),
    "true-units": ("modern-gru", ("true_units",)),
}
"""Recipe and inputs of what is trained beside the system."""


def main() -> None:
    """Run one seed, or print the table of several."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("-o", "--output", type=Path, required=True)
    one.add_argument("--backbones-of", type=Path, help="folder of a seed that is finished")
    several = commands.add_parser("table")
    several.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.command == "table":
        print_table(args.folders)
    else:
        faces = (args.backbones_of or args.output) / "faces"
        if args.backbones_of:
            take_backbones(args.backbones_of, args.output)
        run(args.output, faces, args.seed)


def take_backbones(source: Path, folder: Path) -> None:
    """Copy crops and finished backbones of another seed, which the system then keeps."""
    for name in ("crops", "backbones"):
        target = folder / "system" / name
        if not target.exists():
            part = target.with_name(f"{name}.part")
            shutil.copytree(source / "system" / name, part, dirs_exist_ok=True)
            part.rename(target)


def run(folder: Path, faces: Path, seed: int) -> None:
    """Draw the worlds of a seed, train the system and all that it is held against."""
    clips = folder / "clips"
    if not (faces / "exact.npz").exists():
        draw(faces, FACES, 2 * seed + 100)
    draw(clips, CLIPS, 2 * seed + 101)
    command = PixelSystemOptions(
        recipe=abaw4_system_small(),
        feature_data=(faces,),
        data=clips,
        output=folder / "system",
        seed=seed,
        device="cpu",
    )
    train_from_pixels(command)
    store = FeatureStore(features_of(command))
    mae = str(command.folder / "backbones" / "mae-micro")
    images, target = str(clips / IMAGES), str(store.root)
    status = wildaffect(
        ["extract", images, "--feature-sets", "geometry", mae, "-o", target]
    )
    if status:
        raise SystemExit(status)
    for table in true_tables(clips):
        store.write(table, "float32")
    for name, (recipe, inputs) in EXTRA.items():
        train(
            replace(RECIPES[recipe](), seed=seed, inputs=inputs),
            clips,
            features=store.root,
            output=folder / "extra" / name,
            device="cpu",
        )


def draw(folder: Path, preset: Preset, seed: int) -> None:
    """Draw what is not drawn yet."""
    states = write_world(
        folder, preset, seed=seed, statistics="balanced", size_px=preset.size_px, workers=1
    )
    total = sum(preset.people.values()) * preset.videos_per_person + 1
    for _ in track(states, description=folder.name, total=total):
        pass


def true_tables(clips: Path) -> Iterator[FeatureTable]:
    """Yield exact pose and action units of every annotated frame, and thumbnails."""
    with np.load(clips / "exact.npz") as exact:
        truth = {name: exact[name] for name in exact.files}
    for place, video in enumerate(truth["videos"].tolist()):
        rows = truth["video_index"] == place
        numbers = truth["frame_number"][rows].astype(np.int64)
        yield table_of("true_pose", video, numbers, truth["pose_rad"][rows])
        yield table_of("true_units", video, numbers, truth["intensities"][rows])
        yield table_of(
            "thumbnail", video, numbers, thumbnails(clips / IMAGES / video, numbers)
        )


def thumbnails(folder: Path, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return small color pictures as rows, values in [0, 1]."""
    side = (THUMBNAIL_PX, THUMBNAIL_PX)
    small = [
        cv2.resize(
            cv2.imread(str(folder / f"{number:05d}.jpg")),
            side,
            interpolation=cv2.INTER_AREA,
        )
        for number in numbers
    ]
    return np.stack(small).reshape(len(small), -1).astype(np.float32) / 255


def table_of(
    name: str, video: str, numbers: NDArray[np.int64], values: NDArray[np.floating]
) -> FeatureTable:
    """Return values of annotated frames as a feature set."""
    return FeatureTable(
        feature_set=name,
        video=video,
        track="0",
        columns=tuple(f"{name}_{index}" for index in range(values.shape[1])),
        frame_number=numbers,
        time_s=numbers / ASSUMED_FPS,
        values=values.astype(np.float32),
        provenance=Provenance(
            content_sha256=video, preprocess_sha256=NO_DIGEST, weights_sha256=NO_DIGEST
        ),
        numbering="named",
        time_is_guessed=True,
    )


if __name__ == "__main__":
    main()
