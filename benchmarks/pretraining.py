"""Whether a masked autoencoder of unlabelled faces pays on the generated world.

    python benchmarks/pretraining.py -o build/pretraining
    python benchmarks/pretraining.py -o build/pretraining --stages tables

Three groups of people that share nobody: some have pictures alone and pre-train, some have
labels, some judge. Frozen features of the pre-trained network are asked through probes
beside those of untrained ones; then the network is fine-tuned on labels from either start.
Each stage goes on where it was stopped. `--tiny` runs all of it in a minute, to no purpose
but to see that it runs.
"""

import argparse
import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from run_tables import MEASURES, Runs, print_difference, print_head, print_row
from torch import Tensor

from wildaffect.metrics.scores import VideoStatistics
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.vit import ClassTokenViT
from wildaffect.models.pretraining.catalogue import build_mae
from wildaffect.models.pretraining.mae import draw_noise
from wildaffect.models.pretraining.patches import reconstruct, to_pixels
from wildaffect.recipes.image_progress import StepBar
from wildaffect.recipes.images import finetune_vit_micro, mae_micro
from wildaffect.synth.dataset import IMAGES, write_world
from wildaffect.synth.presets import PRESETS, Preset
from wildaffect.training.checkpoint import load_weights
from wildaffect.training.images.crops import CropReader, normaliser, unit_crops
from wildaffect.training.images.job import finetune_run, load_sets
from wildaffect.training.images.judge import crop_statistics
from wildaffect.training.images.labelled import LabelledCrops, SetPlace
from wildaffect.training.images.pretrain_job import find_images, pretrain_run
from wildaffect.training.images.probe import Embedded, embed_crops, probe
from wildaffect.training.images.recipe import FinetuneRecipe
from wildaffect.training.images.start import find_weights
from wildaffect.training.job import Machine
from wildaffect.training.recipe import BestOnInnerSplit
from wildaffect.training.runs import Run, read_metrics

CPU, TERMS = Machine(accelerator="cpu"), "CC0-1.0"
GAP_FACTOR = 4.0
"""Frames of a person lie about a second apart, so that they differ."""
UNLABELLED_SEED, LABELLED_SEED = 81, 82
SIDE_PX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the study is."""

    unlabelled: int
    """People who pre-train."""
    labelled: int
    judges: int
    frames: int
    """Of each person."""
    pretrain_epochs: int
    peak_lrs: tuple[float, ...]
    """Tried from either start; people set aside choose."""
    seeds: tuple[int, ...]
    epochs: Mapping[int, Mapping[str, int]]
    """Of fine-tuning: by percent of labels, then by start."""


FULL = Sizes(
    unlabelled=600, labelled=150, judges=100, frames=40, pretrain_epochs=40,
    peak_lrs=(5e-4, 1e-3, 2e-3), seeds=(0, 1, 2),
    epochs={10: {"mae": 30, "scratch": 30}, 100: {"mae": 8, "scratch": 8}},
)  # fmt: skip
TINY = Sizes(
    unlabelled=4, labelled=6, judges=3, frames=12, pretrain_epochs=1,
    peak_lrs=(1e-3, 2e-3), seeds=(0, 1),
    epochs={50: {"mae": 1, "scratch": 1}, 100: {"mae": 1, "scratch": 1}},
)  # fmt: skip
LAYER_DECAY = {"mae": 0.75, "scratch": 1.0}
"""Weights worth keeping move slowly near the input; untrained ones must all move."""


@dataclass(frozen=True, slots=True)
class Study:
    """Folder and size of the study."""

    folder: Path
    sizes: Sizes

    @property
    def mae(self) -> Path:
        """Return the run of pre-training."""
        return self.folder / "mae"

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

    def labels(self, split: str) -> LabelledCrops:
        """Return the labelled people who train, or those who judge."""
        (crops,) = load_sets([SetPlace(data=self.folder / "labelled")], split)
        return crops


def main() -> None:
    """Run the stages that are asked for."""
    stages = {
        "world": draw_people, "pretrain": pretrain, "probe": ask_features,
        "finetune": finetune, "tables": print_tables, "pictures": draw_strip,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--stages", nargs="+", choices=stages, default=list(stages))
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    args.output.mkdir(parents=True, exist_ok=True)
    study = Study(args.output, TINY if args.tiny else FULL)
    for stage in args.stages:
        print(stage, file=sys.stderr)
        with study.timed(stage):
            stages[stage](study)


def draw_people(study: Study) -> None:
    """Draw the crops of everybody."""
    sizes = study.sizes
    groups: dict[str, tuple[int, Preset]] = {
        "unlabelled": (UNLABELLED_SEED, _preset(sizes, sizes.unlabelled)),
        "labelled": (
            LABELLED_SEED,
            _preset(sizes, train=sizes.labelled, test=sizes.judges),
        ),
    }
    for name, (seed, preset) in groups.items():
        drawn = write_world(
            study.folder / name, preset, seed=seed, statistics=preset.statistics,
            size_px=SIDE_PX, workers=1,
        )  # fmt: skip
        for state in drawn:
            print(f"\r{name}: {state.num_done} people", end="", file=sys.stderr)
        print(file=sys.stderr)


def _preset(sizes: Sizes, train: int, test: int = 0) -> Preset:
    return replace(
        PRESETS["wild"], people={"train": train, "val": 0, "test": test},
        rows_per_video=sizes.frames, length_sigma=0.0, gap_factor=GAP_FACTOR,
        size_px=SIDE_PX,
    )  # fmt: skip


def pretrain(study: Study) -> None:
    """Train the autoencoder on people whose labels nobody reads."""
    recipe = replace(mae_micro(), num_epochs=study.sizes.pretrain_epochs)
    images = find_images(study.folder / "unlabelled" / IMAGES)
    with StepBar(study.mae) as bar:
        pretrain_run(
            recipe, [images], study.mae, probed=(), machine=CPU, terms=TERMS,
            watching=bar.watching,
        )  # fmt: skip


def ask_features(study: Study) -> None:
    """Probe frozen features: of the pre-trained network, of untrained ones, of pixels."""
    known, asked = study.labels("train"), study.labels("test")
    networks = {"mae": features_of(_pretrained(study))} | {
        f"untrained-{seed}": features_of(_untrained(seed)) for seed in study.sizes.seeds
    }
    found: dict[str, VideoStatistics] = {}
    for name, network in {**networks, "pixels": small_picture}.items():
        preprocess = backbone_spec("vit_micro_patch8_64.mae").preprocess
        pair = [
            embed_crops(network, crops, preprocess, torch.device("cpu"))
            for crops in (known, asked)
        ]
        for pooled, columns in _pools(pair[0].features.shape[1], name).items():
            for percent in study.sizes.epochs:
                some = thin(pair[0], percent)
                probes = probe(_columns(some, columns), _columns(pair[1], columns))
                found |= {
                    f"{name}, {pooled}, {percent} %, {way}": one
                    for way, one in probes.by_name().items()
                }
        print(name, file=sys.stderr)
    _store(study.folder / "probes.pickle", found)


def features_of(network: ClassTokenViT) -> Callable[[Tensor], Tensor]:
    """Return what gives the class token and the mean patch token, both normalised."""
    network.eval()

    def features(crops: Tensor) -> Tensor:
        tokens = network.encode(network.embed(crops))
        return torch.cat(
            [network.norm(tokens[:, 0]), network.norm(tokens[:, 1:].mean(1))], 1
        )

    return features


def small_picture(crops: Tensor) -> Tensor:
    """Return the pixels of the crop at a quarter of its side."""
    return F.avg_pool2d(crops, 4).flatten(1)


def thin(known: Embedded, percent: int) -> Embedded:
    """Return the features of the rows that `thin_rows` keeps."""
    rows = thin_rows(known.crops, percent)
    return Embedded(known.features[torch.from_numpy(rows)], known.crops.take(rows))


def thin_rows(crops: LabelledCrops, percent: int) -> np.ndarray:
    """Return a share of each person's labelled rows, spread over the video."""
    step = round(100 / percent)
    people = crops.annotations.video_index
    return np.concatenate(
        [np.flatnonzero(people == one)[step // 2 :: step] for one in np.unique(people)]
    )


def finetune(study: Study) -> None:
    """Fine-tune from both starts: all rates at the fewest labels, the chosen at others."""
    few, *more = study.sizes.epochs
    for start in LAYER_DECAY:
        for peak_lr in study.sizes.peak_lrs:
            for seed in study.sizes.seeds:
                finetune_once(study, start, few, peak_lr, seed)
    for percent in more:
        for seed in study.sizes.seeds:
            for start in LAYER_DECAY:
                finetune_once(study, start, percent, chosen_lr(study, start), seed)


def finetune_once(
    study: Study, start: str, percent: int, peak_lr: float, seed: int
) -> None:
    """Train one network on labels and keep what judges find."""
    folder = run_folder(study, start, percent, peak_lr, seed)
    if (folder / "judged.pickle").exists():
        return
    crops = study.labels("train")
    with StepBar(folder) as bar:
        trained = finetune_run(
            finetune_recipe(study, start, percent, peak_lr, seed),
            [crops.take(thin_rows(crops, percent))],
            folder,
            weights=str(study.mae) if start == "mae" else None,
            machine=CPU,
            terms=TERMS,
            watching=bar.watching,
        )
    judged = crop_statistics(trained.model, [study.labels("test")], trained.data.preprocess)
    _store(folder / "judged.pickle", judged)
    told = float(MEASURES["sum"](judged.pooled()))
    print(f"{folder.name}: inner {inner_score(folder):.3f}, {told:.3f}", file=sys.stderr)


def finetune_recipe(
    study: Study, start: str, percent: int, peak_lr: float, seed: int
) -> FinetuneRecipe:
    """Return the recipe of the package with what this study varies."""
    recipe = finetune_vit_micro()
    num_epochs = study.sizes.epochs[percent][start]
    return replace(
        recipe, seed=seed, num_epochs=num_epochs, layer_decay=LAYER_DECAY[start],
        optim=replace(recipe.optim, peak_lr=peak_lr),
        selection=BestOnInnerSplit(patience_epochs=num_epochs),
    )  # fmt: skip


def run_folder(study: Study, start: str, percent: int, peak_lr: float, seed: int) -> Path:
    """Return where one run lies."""
    return study.folder / "runs" / f"{start}-{percent}-{peak_lr:g}-{seed}"


def inner_score(folder: Path) -> float:
    """Return the best score on the training people who were set aside."""
    return max(row["inner/score"] for row in read_metrics(Run(folder)))


def chosen_lr(study: Study, start: str) -> float:
    """Return the rate that those people like best, the mean over the seeds."""
    few = next(iter(study.sizes.epochs))

    def mean_score(peak_lr: float) -> float:
        return float(
            np.mean(
                [
                    inner_score(run_folder(study, start, few, peak_lr, seed))
                    for seed in study.sizes.seeds
                ]
            )
        )

    return max(study.sizes.peak_lrs, key=mean_score)


def print_tables(study: Study) -> None:
    """Print everything as Markdown."""
    probes: dict[str, VideoStatistics] = _stored(study.folder / "probes.pickle")
    for percent in study.sizes.epochs:
        for way in ("linear", "neighbours"):
            print(f"\n{way}, {percent} % of the labels\n")
            end = f"{percent} %, {way}"
            untrained = [
                (pool, [probes[f"untrained-{s}, {pool}, {end}"] for s in study.sizes.seeds])
                for pool in ("class token", "mean of patches")
            ]
            print_head()
            print_row("pixels, 16 x 16", [probes[f"pixels, all, {end}"]])
            for pool, runs in untrained:
                print_row(f"untrained, {pool}", runs)
                trained = [probes[f"mae, {pool}, {end}"]]
                print_row(f"pre-trained, {pool}", trained)
                print_difference("difference", trained, runs)
    for percent in study.sizes.epochs:
        print_finetuned(study, percent)
    print("\nCPU seconds:", {k: round(v) for k, v in study.costs().items()})


def print_finetuned(study: Study, percent: int) -> None:
    """Print the runs of one share of labels, the chosen rates compared."""
    print(f"\nfine-tuned, {percent} % of the labels\n")
    print_head()
    chosen: dict[str, Runs] = {}
    for start in LAYER_DECAY:
        best = chosen_lr(study, start)
        for peak_lr in study.sizes.peak_lrs:
            folders = [
                run_folder(study, start, percent, peak_lr, seed)
                for seed in study.sizes.seeds
            ]
            runs = [_stored(one / "judged.pickle") for one in folders if one.exists()]
            if runs:
                mark = ", chosen" if peak_lr == best else ""
                print_row(f"{start}, rate {peak_lr:g}{mark}", runs)
            if peak_lr == best:
                chosen[start] = runs
    print_difference("difference of the chosen", chosen["mae"], chosen["scratch"])


def draw_strip(study: Study) -> None:
    """Draw what the autoencoder makes of judges, whom it never saw: crop, seen, guessed."""
    mae = build_mae(mae_micro().network)
    mae.load_state_dict(load_weights(Run(study.mae).weights))
    mae.eval()
    preprocess = backbone_spec(mae_micro().network).preprocess
    paths = study.labels("test").paths
    rows = np.linspace(0, len(paths) - 1, 10).astype(np.int64)
    (decoded,) = CropReader(paths, preprocess).batches([rows])
    device = torch.device("cpu")
    crops = normaliser(preprocess, device)(unit_crops(decoded.pixels, device))
    noise = draw_noise(len(crops), mae.num_patches, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        _, pred, mask = mae(crops, noise)
    made = reconstruct(crops, pred, mask, patch_px=mae.patch_px)
    strip = np.concatenate(
        [np.concatenate(to_pixels(one, preprocess), 1) for one in (crops, *made)]
    )
    path = study.folder / "reconstructions.jpg"
    cv2.imwrite(str(path), strip[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    print(path, file=sys.stderr)


def _pretrained(study: Study) -> ClassTokenViT:
    return _class_token(find_weights(str(study.mae)).backbone)


def _untrained(seed: int) -> ClassTokenViT:
    torch.manual_seed(seed)
    return _class_token(backbone_spec("vit_micro_patch8_64.mae").build())


def _class_token(backbone: torch.nn.Module) -> ClassTokenViT:
    if not isinstance(backbone, ClassTokenViT):
        raise TypeError(f"network must have a class token, got {type(backbone).__name__}")
    return backbone


def _pools(width: int, name: str) -> dict[str, slice]:
    if name == "pixels":
        return {"all": slice(0, width)}
    half = width // 2
    return {"class token": slice(0, half), "mean of patches": slice(half, width)}


def _columns(made: Embedded, columns: slice) -> Embedded:
    return Embedded(made.features[:, columns], made.crops)


def _store(path: Path, found: object) -> None:
    path.write_bytes(pickle.dumps(found))


def _stored(path: Path):
    return pickle.loads(path.read_bytes())


if __name__ == "__main__":
    main()
