"""Pre-training of a run on folders of images."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wildaffect.core.errors import MissingData
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.crops import images_below
from wildaffect.features.packs import open_pack
from wildaffect.inference.manifest import DataSource
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.pretraining.catalog import build_mae
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.dev_split import hold_out_subjects
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.runs import Run
from wildaffect.training.core.scores import task_scores
from wildaffect.training.images.crops import CropFile, CropReader
from wildaffect.training.images.job import ImageTrainerConfig, train_images
from wildaffect.training.images.labeled import LabeledCrops, join_labels, labeled_tasks
from wildaffect.training.images.pretrain import Pretrain, Probe
from wildaffect.training.images.probe import embed_crops, probe
from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.training.images.runs import ImageRunData, ImageSet

_PROBE_SHARE = 0.3
"""Share of the subjects to test probes on; the probes are fitted on the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTree:
    """Images below one folder or in one pack, sorted by name."""

    root: Path
    paths: tuple[CropFile, ...]
    names: tuple[str, ...]
    """Paths relative to the folder."""
    sizes: tuple[int, ...]
    """File sizes in bytes."""

    def digest(self) -> str:
        """Return the SHA-256 of names and sizes, the same for a folder and its pack."""
        pairs = zip(self.names, self.sizes, strict=True)
        lines = (f"{name}\n{size}\n" for name, size in pairs)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def find_images(root: Path) -> ImageTree:
    """Return all images below a folder, at any depth, or in the pack in it.

    Raises:
        MissingData: If there are no images, or the pack is damaged.
    """
    pack = open_pack(root)
    if pack:
        sizes = tuple(pack.sizes.tolist())
        return ImageTree(root=root, paths=pack.images(), names=pack.names, sizes=sizes)
    paths = images_below(root)
    if not paths:
        raise MissingData(f"{root}: no images found")
    return ImageTree(
        root=root,
        paths=paths,
        names=tuple(path.relative_to(root).as_posix() for path in paths),
        sizes=tuple(path.stat().st_size for path in paths),
    )


def pretrain_run(
    recipe: PretrainRecipe,
    trees: Sequence[ImageTree],
    folder: Path,
    *,
    probed: Sequence[LabeledCrops],
    config: ImageTrainerConfig,
    data_license: str,
    callbacks: Callbacks,
) -> Run:
    """Train a masked autoencoder, or resume an interrupted run.

    Args:
        recipe: Recipe to train.
        trees: Face crops.
        folder: Folder of the run.
        probed: Labeled crops to probe the features on; nothing is selected on them.
        config: Hardware and tracking settings.
        data_license: License of the images, copied to exported artifacts.
        callbacks: Callbacks of the run.

    Raises:
        UsageError: If the folder contains another run, or the network has no autoencoder.
        Diverged: If the loss is not finite.
    """
    torch.manual_seed(recipe.seed)
    mae = build_mae(recipe.network)
    preprocess = backbone_spec(recipe.network).preprocess
    data = ImageRunData(
        sets=tuple(
            ImageSet(
                name=tree.root.resolve().name,
                sha256=tree.digest(),
                num_images=len(tree.paths),
            )
            for tree in trees
        ),
        preprocess=preprocess,
        sources=tuple(
            DataSource(name=tree.root.resolve().name, license=data_license)
            for tree in trees
        ),
    )
    run = Run(folder)
    fabric = launch(config.accelerator, recipe.precision, config.strategy)
    paths = [path for tree in trees for path in tree.paths]
    reader = CropReader(paths, preprocess, num_threads=config.decoders)
    device = fabric.device
    train_images(
        run,
        recipe,
        data,
        lambda: Pretrain(
            recipe,
            mae,
            reader,
            run,
            fabric=fabric,
            probe=_probe_of(probed, preprocess, device, callbacks) if probed else None,
            micro_batch_size=config.micro_batch_size,
        ),
        reader=reader,
        fabric=fabric,
        config=config,
        callbacks=callbacks,
    )
    return run


def _probe_of(
    sets: Sequence[LabeledCrops],
    preprocess: Preprocess,
    device: torch.device,
    callbacks: Callbacks,
) -> Probe:
    halves = [_halves(image_set) for image_set in sets]

    def ask(encode: Callable[[Tensor], Tensor]) -> dict[str, float]:
        scores: dict[str, float] = {}
        on_progress = callbacks.on_evaluate(sum(len(image_set) for image_set in sets))
        for known, held_out in halves:
            found = probe(
                embed_crops(encode, known, preprocess, device, on_progress),
                embed_crops(encode, held_out, preprocess, device, on_progress),
            )
            tasks = labeled_tasks(join_labels([known]))
            where = f"{known.annotations.source}/" if len(halves) > 1 else ""
            for name, statistics in found.by_name().items():
                named_scores = task_scores(statistics.pooled(), tasks)
                scores |= {
                    f"{where}{name}/{key}": value for key, value in named_scores.items()
                }
        return scores

    return ask


def _halves(crops: LabeledCrops) -> tuple[LabeledCrops, LabeledCrops]:
    """Split crops by subject into a part to fit probes on and a part to test them on."""
    aside = hold_out_subjects(crops.subjects.tolist(), _PROBE_SHARE, seed=0)
    is_asked = np.isin(crops.subjects, sorted(aside))
    return crops.take(np.flatnonzero(~is_asked)), crops.take(np.flatnonzero(is_asked))
