"""What pays when backbones are trained on a CPU, and whether reading keeps up with it.

    python benchmarks/train_images.py
    python benchmarks/train_images.py --recipes mae-micro --rounds 9 --compile
    python benchmarks/train_images.py --reading

One thread. Steps are whole ones of the recipes: changing or cutting the crops, forward,
backward, clipping, AdamW, running mean; every setting takes its turn within each round.
Reading is decoding and scaling JPEG crops of 112 px, from files and from a pack.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch

from wildaffect.features.packs import Pack, pack_images
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.pretraining.catalog import build_mae
from wildaffect.recipes.images import FINETUNE_RECIPES, PRETRAIN_RECIPES
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.objective import Objective
from wildaffect.training.core.optimizer import build_optimizer, decay_groups
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.images.crops import CropReader
from wildaffect.training.images.finetune import Finetune, LabeledParts
from wildaffect.training.images.job import load_sets
from wildaffect.training.images.labeled import (
    SetPlace,
    join_labels,
    joined_paths,
    labeled_tasks,
)
from wildaffect.training.images.pretrain import Pretrain
from wildaffect.training.images.pretrain_job import find_images
from wildaffect.training.images.recipe import AnyImageRecipe, PretrainRecipe
from wildaffect.training.images.start import start_from

RECIPES = FINETUNE_RECIPES | PRETRAIN_RECIPES
ON_A_CPU = (
    "finetune-iresnet-small",
    "finetune-densefer",
    "finetune-vit-micro",
    "mae-micro",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "float32": {"precision": "32-true", "channels_last": False},
    "float32, channels last": {"precision": "32-true", "channels_last": True},
    "bfloat16": {"precision": "bf16-mixed", "channels_last": False},
    "bfloat16, channels last": {"precision": "bf16-mixed", "channels_last": True},
}
COMPILED = {
    "float32, compiled": {"precision": "32-true", "compile": True},
    "bfloat16, compiled": {"precision": "bf16-mixed", "compile": True},
}
CROP_PX, NUM_CROPS = 112, 256
UNITS = ",".join(
    f"AU{number:02d}" for number in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
)
CLASSES = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")


def main() -> None:
    """Print the requested tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=[*ON_A_CPU])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="compile the networks too")
    parser.add_argument("--reading", action="store_true", help="reading, not settings")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "set"
        write_set(root)
        if args.reading:
            print_reading(root, args.recipes, args.rounds)
        else:
            print_settings(root, args)
            print_optimizers(args.recipes, args.rounds)


def print_settings(root: Path, args: argparse.Namespace) -> None:
    """Print milliseconds of a step for every recipe and setting, and ratios to float32."""
    settings = SETTINGS | (COMPILED if args.compile else {})
    print(f"| recipe | {' | '.join(settings)} |\n{'|---' * (len(settings) + 1)}|")
    for name in args.recipes:
        contenders = [
            stepper(replace(RECIPES[name](), **item), root) for item in settings.values()
        ]
        first_s = [cpu_s(step) for step in contenders]  # allocates, and compiles
        for step in contenders:
            step()
        taken = [[cpu_s(step) for step in contenders] for _ in range(args.rounds)]
        each = [median(column) for column in zip(*taken, strict=True)]
        cells = [f"{1e3 * item:.0f} ms ({each[0] / item:.2f})" for item in each]
        for place, setting in enumerate(settings):
            if "compiled" in setting:
                cells[place] += f", first step {first_s[place]:.0f} s"
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_optimizers(recipes: list[str], num_rounds: int) -> None:
    """Print milliseconds of AdamW alone, a tensor at a time, in groups, and fused."""
    ways = {"one by one": {"foreach": False}, "grouped": {"foreach": True}, "fused": {}}
    print(f"\n| AdamW alone | {' | '.join(ways)} |\n{'|---' * (len(ways) + 1)}|")
    for name in recipes:
        model = backbone_spec(RECIPES[name]().network).build()
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        steps = []
        for way in ways.values():
            optim = RECIPES[name]().optim
            groups = decay_groups(model, torch.nn.Identity(), optim.weight_decay)
            optimizer = build_optimizer(groups, optim)
            for group in optimizer.param_groups:
                group.update({"fused": not way, "foreach": None} | way)
            steps.append(optimizer.step)
        for step in steps:
            step()
        taken = [[cpu_s(step) for step in steps] for _ in range(5 * num_rounds)]
        cells = [f"{1e3 * median(item):.1f} ms" for item in zip(*taken, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_reading(root: Path, recipes: list[str], num_rounds: int) -> None:
    """Print crops per CPU second that are read, and that a recipe's steps consume."""
    pack_images(root, root.parent / "pack", tar_bytes=10**9, tick=lambda _done, _num: None)
    files = {
        "files": find_images(root).paths,
        "a pack": Pack(root.parent / "pack").images(),
    }
    columns = ("recipe", *(f"read from {item}" for item in files), "trained on", "ratio")
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for name in recipes:
        recipe = RECIPES[name]()
        step = stepper(recipe, root)
        preprocess = backbone_spec(recipe.network).preprocess
        readers = [CropReader(paths, preprocess, num_threads=1) for paths in files.values()]
        works = [step, *(one_pass(reader) for reader in readers)]
        for work in works:
            work()
        taken = [[cpu_s(work) for work in works] for _ in range(num_rounds)]
        used, *read = (median(item) for item in zip(*taken, strict=True))
        used_per_s = recipe.batch_size / used
        read_per_s = [NUM_CROPS / seconds for seconds in read]
        cells = [f"{rate:.0f}" for rate in (*read_per_s, used_per_s)]
        print(
            f"| {name} | {' | '.join(cells)} | {min(read_per_s) / used_per_s:.1f} |",
            flush=True,
        )


def one_pass(reader: CropReader) -> Callable[[], object]:
    """Return what reads all crops once, in batches, in another order each time."""
    rng = np.random.default_rng(0)
    return lambda: list(reader.batches(np.split(rng.permutation(NUM_CROPS), 4)))


def stepper(
    recipe: AnyImageRecipe, root: Path, accelerator: str = "cpu"
) -> Callable[[], object]:
    """Return what takes one step of a recipe, on batches that were read before."""
    fabric = launch(accelerator, recipe.precision)
    torch.manual_seed(0)
    objective = objective_of(recipe, root, fabric)
    trainer = Trainer(recipe, objective, Run(root.parent / "run"), fabric=fabric)
    steps = trainer.steps(cycle(list(islice(objective.batches(0), 2))))
    return lambda: next(steps)


def objective_of(recipe: AnyImageRecipe, root: Path, fabric: Any) -> Objective:
    """Return what a recipe learns of the made-up set."""
    preprocess = backbone_spec(recipe.network).preprocess
    if isinstance(recipe, PretrainRecipe):
        return Pretrain(
            recipe,
            build_mae(recipe.network),
            CropReader(find_images(root).paths, preprocess),
            Run(root.parent / "run"),
            fabric=fabric,
        )
    sets = load_sets([SetPlace(data=root)], "train")
    return Finetune(
        recipe,
        LabeledParts(train=sets),
        start_from(recipe.network, None),
        reader=CropReader(joined_paths(sets), preprocess),
        fabric=fabric,
        tasks=labeled_tasks(join_labels(sets)),
    )


def write_set(root: Path) -> None:
    """Write crops, blurred noise about as large in JPEG as faces, with all labels."""
    rng = np.random.default_rng(0)
    lines = [f"image,video,frame,split,valence,arousal,expression,{UNITS}"]
    for number in range(NUM_CROPS):
        name = f"p{number % 8}/{number:05d}.jpg"
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 256, (CROP_PX, CROP_PX, 3), dtype=np.uint8)
        crop = cv2.GaussianBlur(noise, (0, 0), 1.0)
        cv2.imwrite(str(path), crop, [cv2.IMWRITE_JPEG_QUALITY, 95])
        units = ",".join(map(str, rng.integers(0, 2, 12)))
        lines.append(
            f"{name},p{number % 8},{number + 1},train,{rng.uniform(-1, 1):.2f},"
            f"{rng.uniform(-1, 1):.2f},{CLASSES[number % 7]},{units}"
        )
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds that something takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
