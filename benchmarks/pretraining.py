"""Study of masked pre-training on unlabeled faces of the generated world.

    python benchmarks/pretraining.py -o build/pretraining --mae RUN ANOTHER
    python benchmarks/pretraining.py -o build/pretraining --mae RUN ANOTHER --stages tables

The runs are of `mae-micro`, on crops of people whose labels were not used: what `system.py`
leaves in system/backbones/mae-micro. Two groups of others, without shared subjects: some
have labels, some are for validation. Frozen features of the pre-trained networks are
measured by probes beside those of untrained ones and the pixels themselves; then the
network is fine-tuned on labels from either start. Interrupted stages resume, except for
probes. `--tiny` runs all of it in a minute, to no purpose but to see that it runs.
"""

import argparse
import json
import pickle
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from frozen_features import draw_strip, pools, pretrained, small_picture, untrained
from run_tables import MEASURES, Runs, print_difference, print_head, print_row

from wildaffect.cli.training_progress import TrainingProgress
from wildaffect.features.crops import CropOptions, Cropper, cut_all
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.recipes.images import finetune_vit_micro, mae_micro
from wildaffect.runtime.network import Device
from wildaffect.synth.dataset import IMAGES, write_world
from wildaffect.synth.presets import PRESETS
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import LabeledCrops, SetPlace
from wildaffect.training.images.probe import Embedded, embed_crops, probe
from wildaffect.training.images.recipe import FinetuneRecipe

CPU, DATA_LICENSE = ImageTrainerConfig(accelerator="cpu"), "CC0-1.0"
SEED = 82
"""Seed of the world; those of `system.py` begin at 100."""
CROP_PX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Size of the study."""

    labeled: int
    """People who learn."""
    num_test: int
    frames: int
    """Frames of each person."""
    peak_lrs: Mapping[str, tuple[float, ...]]
    """By start; tried with the first seed and the fewest labels."""
    seeds: tuple[int, ...]
    shares: "tuple[Share, ...]"
    """Shares of the labels, the smallest first."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the labels, and how long is trained on it from either start."""

    percent: int
    num_epochs: int
    batch_size: int


FULL = Sizes(
    labeled=300, num_test=120, frames=16,
    peak_lrs={"mae": (1e-3,), "scratch": (1e-3, 5e-4, 2e-3)}, seeds=(0, 1, 2),
    shares=(Share(10, 20, 32), Share(100, 6, 64)),
)  # fmt: skip
TINY = Sizes(
    labeled=6, num_test=3, frames=12,
    peak_lrs={"mae": (1e-3,), "scratch": (1e-3, 2e-3)}, seeds=(0, 1),
    shares=(Share(50, 1, 8), Share(100, 1, 8)),
)  # fmt: skip
LAYER_DECAY = {"mae": 0.75, "scratch": 1.0}
"""Weights worth keeping move slowly near the input; untrained ones must all move."""
PIXELS = "pixels, 16 x 16"
NETWORK = mae_micro().network
PROBED_PERCENT = 50
"""Stride over labeled frames; neighbors in time are nearly equal."""
Probed = dict[tuple[str, str, str], VideoStatistics]
"""By network, pooling and way of probing."""


@dataclass(frozen=True, slots=True)
class Study:
    """Folder and size of the study."""

    folder: Path
    sizes: Sizes
    maes: tuple[Path, ...]
    """Finished runs of pre-training."""

    @property
    def world(self) -> Path:
        """Return the folder of the training and validation subjects."""
        return self.folder / "labeled"

    @property
    def crops(self) -> Path:
        """Return the folder of their faces."""
        return self.folder / "crops"

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the CPU seconds of what is done within to those of a stage."""
        began = time.process_time()
        try:
            yield
        finally:
            costs = self.costs()
            costs[stage] = costs.get(stage, 0.0) + time.process_time() - began
            (self.folder / "cpu-seconds.json").write_text(json.dumps(costs, indent=1))

    def costs(self) -> dict[str, float]:
        """Return the CPU seconds of every stage so far."""
        path = self.folder / "cpu-seconds.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def labels(self, split: str) -> LabeledCrops:
        """Return the labeled training or validation subjects."""
        (crops,) = load_sets([SetPlace(data=self.world, images=self.crops)], split)
        return crops


def main() -> None:
    """Run the requested stages."""
    stages = {
        "world": draw_people, "crop": crop_faces, "probe": ask_features,
        "finetune-few": finetune_few, "finetune-more": finetune_more,
        "tables": print_tables, "pictures": draw_guesses,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--mae", type=Path, nargs="+", required=True)
    parser.add_argument("--stages", nargs="+", choices=stages, default=list(stages))
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    args.output.mkdir(parents=True, exist_ok=True)
    study = Study(args.output, TINY if args.tiny else FULL, tuple(args.mae))
    for stage in args.stages:
        print(stage, file=sys.stderr)
        with study.timed(stage):
            stages[stage](study)


def draw_people(study: Study) -> None:
    """Draw all people."""
    sizes = study.sizes
    preset = replace(
        PRESETS["stills"],
        people={"train": sizes.labeled, "val": 0, "test": sizes.num_test},
        rows_per_video=sizes.frames,
    )
    drawn = write_world(
        study.world, preset, seed=SEED, statistics=preset.statistics,
        size_px=preset.size_px, workers=1,
    )  # fmt: skip
    for state in drawn:
        print(f"\r{state.num_done} people", end="", file=sys.stderr)
    print(file=sys.stderr)


def crop_faces(study: Study) -> None:
    """Crop all faces, as the analysis does."""
    cropper = Cropper(study.crops, CropOptions(size_px=CROP_PX), Device())
    count = cut_all(cropper, [study.world / IMAGES], lambda *_: None)
    print(count, file=sys.stderr)


def ask_features(study: Study) -> None:
    """Probe frozen features: of pre-trained networks, of untrained ones, of pixels."""
    preprocess, device = backbone_spec(NETWORK).preprocess, torch.device("cpu")
    known, unknown = (
        crops.take(thin_rows(crops, PROBED_PERCENT))
        for crops in (study.labels("train"), study.labels("test"))
    )
    networks = (
        {PIXELS: small_picture}
        | {f"pre-trained {index}": pretrained(run) for index, run in enumerate(study.maes)}
        | {f"untrained {seed}": untrained(NETWORK, seed) for seed in study.sizes.seeds}
    )
    found: Probed = {}
    for name, network in networks.items():
        train, test = (
            embed_crops(network, item, preprocess, device) for item in (known, unknown)
        )
        width = train.features.shape[1]
        ways = {"": slice(width)} if name == PIXELS else pools(width)
        for pool, columns in ways.items():
            probes = probe(_columns(train, columns), _columns(test, columns))
            for way, item in probes.by_name().items():
                found[name, pool, way] = item
        print(name, file=sys.stderr)
        _store(study.folder / "probes.pickle", found)


def thin_rows(crops: LabeledCrops, percent: int) -> np.ndarray:
    """Return a share of each person's labeled rows, spread over the video."""
    step = round(100 / percent)
    people = crops.annotations.video_index
    return np.concatenate(
        [
            np.flatnonzero(people == person)[step // 2 :: step]
            for person in np.unique(people)
        ]
    )


def finetune_few(study: Study) -> None:
    """Fine-tune on the fewest labels: all rates with one seed, the chosen with all."""
    few, first = study.sizes.shares[0], study.sizes.seeds[0]
    for start, peak_lrs in study.sizes.peak_lrs.items():
        for peak_lr in peak_lrs:
            finetune_once(study, start, few, peak_lr, first)
    finetune_chosen(study, few)


def finetune_more(study: Study) -> None:
    """Fine-tune on the other shares of labels at the rates chosen before."""
    for share in study.sizes.shares[1:]:
        finetune_chosen(study, share)


def finetune_chosen(study: Study, share: Share) -> None:
    """Fine-tune at the chosen rates with all seeds, both starts in turns."""
    for seed in study.sizes.seeds:
        for start in LAYER_DECAY:
            finetune_once(study, start, share, chosen_lr(study, start), seed)


def finetune_once(
    study: Study, start: str, share: Share, peak_lr: float, seed: int
) -> None:
    """Train one network on labels and store its validation statistics."""
    folder = run_folder(study, start, share, peak_lr, seed)
    if (folder / "evaluated.pickle").exists():
        return
    crops = study.labels("train")
    with TrainingProgress() as progress:
        trained = finetune_run(
            finetune_recipe(start, share, peak_lr, seed),
            [crops.take(thin_rows(crops, share.percent))],
            folder,
            weights=str(study.maes[seed % len(study.maes)]) if start == "mae" else None,
            config=CPU,
            data_license=DATA_LICENSE,
            callbacks=Callbacks(
                on_epoch_end=progress.show_epoch,
                on_step_end=progress.show_step,
                on_evaluate=progress.show_evaluation,
            ),
        )
    evaluated = crop_statistics(
        trained.model, [study.labels("test")], trained.data.preprocess
    )
    _store(folder / "evaluated.pickle", evaluated)
    record = float(MEASURES["sum"](evaluated.pooled()))
    print(f"{folder.name}: dev {dev_score(folder):.3f}, {record:.3f}", file=sys.stderr)


def finetune_recipe(start: str, share: Share, peak_lr: float, seed: int) -> FinetuneRecipe:
    """Return the recipe of the package with what this study varies."""
    recipe = finetune_vit_micro()
    return replace(
        recipe, seed=seed, num_epochs=share.num_epochs, batch_size=share.batch_size,
        layer_decay=LAYER_DECAY[start], optim=replace(recipe.optim, peak_lr=peak_lr),
        selection=BestOnDevSplit(patience_epochs=share.num_epochs),
    )  # fmt: skip


def run_folder(study: Study, start: str, share: Share, peak_lr: float, seed: int) -> Path:
    """Return where one run lies."""
    return study.folder / "runs" / f"{start}-{share.percent}-{peak_lr:g}-{seed}"


def dev_score(folder: Path) -> float:
    """Return the best score on held-out training subjects."""
    return max(row["dev/score"] for row in read_metrics(Run(folder)))


def is_tuned(study: Study) -> bool:
    """Return whether every rate was tried from both starts."""
    few, first = study.sizes.shares[0], study.sizes.seeds[0]
    folders = [
        run_folder(study, start, few, peak_lr, first)
        for start, peak_lrs in study.sizes.peak_lrs.items()
        for peak_lr in peak_lrs
    ]
    return all((folder / "evaluated.pickle").exists() for folder in folders)


def chosen_lr(study: Study, start: str) -> float:
    """Return the rate with the best score on held-out subjects with the first seed."""
    few, first = study.sizes.shares[0], study.sizes.seeds[0]
    return max(
        study.sizes.peak_lrs[start],
        key=lambda rate: dev_score(run_folder(study, start, few, rate, first)),
    )


def print_tables(study: Study) -> None:
    """Print everything that is there as Markdown."""
    if (study.folder / "probes.pickle").exists():
        probed: Probed = _stored(study.folder / "probes.pickle")
        for way in ("linear", "neighbors"):
            print_probed(study, probed, way)
    if is_tuned(study):
        for share in study.sizes.shares:
            print_finetuned(study, share)
    print("\nCPU seconds:", {k: round(v) for k, v in study.costs().items()})


def print_probed(study: Study, probed: Probed, way: str) -> None:
    """Print one way of probing."""
    print(f"\nfrozen features, {way}\n")
    print_head()
    print_row(PIXELS, [probed[PIXELS, "", way]])
    for pool in dict.fromkeys(pool for _, pool, _ in probed if pool):
        runs = [probed[f"untrained {seed}", pool, way] for seed in study.sizes.seeds]
        trained = [
            probed[f"pre-trained {index}", pool, way] for index in range(len(study.maes))
        ]
        print_row(f"untrained, {pool}", runs)
        print_row(f"pre-trained, {pool}", trained)
        print_difference("difference", trained, runs)


def print_finetuned(study: Study, share: Share) -> None:
    """Print the runs of one share of labels, the chosen rates compared."""
    print(f"\nfine-tuned, {share.percent} % of the labels\n")
    print_head()
    chosen: dict[str, Runs] = {}
    for start in LAYER_DECAY:
        for peak_lr in study.sizes.peak_lrs[start]:
            runs = evaluated_runs(study, start, share, peak_lr)
            is_chosen = peak_lr == chosen_lr(study, start)
            if runs:
                mark = ", chosen" if is_chosen else ""
                print_row(f"{start}, rate {peak_lr:g}{mark}, seeds: {len(runs)}", runs)
            if runs and is_chosen:
                chosen[start] = runs
    if len(chosen) == len(LAYER_DECAY):
        print_difference("difference of the chosen", chosen["mae"], chosen["scratch"])


def evaluated_runs(study: Study, start: str, share: Share, peak_lr: float) -> Runs:
    """Return what was found of the runs that are there."""
    paths = [
        run_folder(study, start, share, peak_lr, seed) / "evaluated.pickle"
        for seed in study.sizes.seeds
    ]
    return [_stored(path) for path in paths if path.exists()]


def draw_guesses(study: Study) -> None:
    """Draw what the autoencoder makes of num_test, whom it never saw."""
    paths = study.labels("test").paths
    rows = np.linspace(0, len(paths) - 1, 10).astype(np.int64)
    picture = study.folder / "reconstructions.jpg"
    draw_strip(NETWORK, study.maes[0], [paths[row] for row in rows], picture)
    print(picture, file=sys.stderr)


def _columns(made: Embedded, columns: slice) -> Embedded:
    return Embedded(made.features[:, columns], made.crops)


def _store(path: Path, found: object) -> None:
    path.write_bytes(pickle.dumps(found))


def _stored(path: Path):
    return pickle.loads(path.read_bytes())


if __name__ == "__main__":
    main()
