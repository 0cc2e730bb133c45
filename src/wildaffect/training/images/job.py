"""Supervised training of a run on labeled crops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.manifest import DataSource
from wildaffect.models.low_rank import count_weights
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.dev_split import hold_out_subjects
from wildaffect.training.core.distributed import Strategy, launch
from wildaffect.training.core.job import train_in
from wildaffect.training.core.objective import Objective
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.runs import Run
from wildaffect.training.images.adaptation import LowRank
from wildaffect.training.images.crops import CropReader
from wildaffect.training.images.finetune import Finetune, LabeledParts
from wildaffect.training.images.labeled import (
    LabeledCrops,
    SetPlace,
    join_labels,
    joined_paths,
    labeled_tasks,
    load_labeled,
)
from wildaffect.training.images.recipe import AnyImageRecipe, FinetuneRecipe
from wildaffect.training.images.runs import (
    ImageRunData,
    ImageSet,
    TrainedFaceNet,
    load_face_net,
    merge_weights,
    save_backbone,
)
from wildaffect.training.images.start import BACKBONE_FOLDER, start_from


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTrainerConfig(TrainerConfig):
    """Hardware and tracking settings of a run on crops."""

    strategy: Strategy = "ddp"
    micro_batch_size: int | None = None
    """Maximum number of crops per process in memory at a time; None for all."""
    decoders: int = 2
    """Number of decoding threads per process."""


def load_sets(places: Sequence[SetPlace], split: str) -> tuple[LabeledCrops, ...]:
    """Load one split of several sets, all in the label spaces of the first.

    Raises:
        MissingData: If a set has no annotations or no crops.
        UsageError: If the labels of a set cannot be mapped to those of the first.
    """
    sets: list[LabeledCrops] = []
    spaces: LabelSpaces | None = None
    for place in places:
        sets.append(load_labeled(place, split, spaces))
        spaces = sets[0].annotations.spaces
    return tuple(sets)


def split_sets(sets: Sequence[LabeledCrops], recipe: FinetuneRecipe) -> LabeledParts:
    """Split the sets into training and dev parts, according to the recipe.

    Raises:
        SplitError: If there are fewer than two subjects.
    """
    if not isinstance(recipe.selection, BestOnDevSplit):
        return LabeledParts(train=tuple(sets))
    people = [str(subject) for each in sets for subject in np.unique(each.subjects)]
    aside = hold_out_subjects(people, recipe.selection.share, seed=recipe.seed)
    is_dev = [np.isin(image_set.subjects, sorted(aside)) for image_set in sets]
    pairs = list(zip(sets, is_dev, strict=True))
    return LabeledParts(
        train=tuple(part.take(np.flatnonzero(~at)) for part, at in pairs if not at.all()),
        dev=tuple(part.take(np.flatnonzero(at)) for part, at in pairs if at.any()),
    )


def finetune_run(
    recipe: FinetuneRecipe,
    sets: Sequence[LabeledCrops],
    folder: Path,
    *,
    weights: str | None,
    config: ImageTrainerConfig,
    data_license: str,
    callbacks: Callbacks,
) -> TrainedFaceNet:
    """Train a backbone on labeled crops, or resume an interrupted run.

    Args:
        recipe: Recipe to train.
        sets: Crops with labels in the same label spaces.
        folder: Folder of the run.
        weights: Initial weights, see `start_from`.
        config: Hardware and tracking settings.
        data_license: License of the data, copied to exported artifacts.
        callbacks: Callbacks of the run.

    Raises:
        UsageError: If the folder contains another run, or nothing is labeled for the tasks.
        BadWeights: If the weights do not match the recipe's network.
        Diverged: If the loss is not finite.
    """
    parts = split_sets(sets, recipe)
    labeled = labeled_tasks(join_labels(parts.train))
    tasks = tuple(task for task in recipe.tasks if task in labeled)
    if not tasks:
        raise UsageError(
            f"{recipe.name}: no labels for {', '.join(recipe.tasks)}; the data has labels "
            f"for {', '.join(labeled)}"
        )
    torch.manual_seed(recipe.seed)
    start = start_from(recipe.network, weights)
    people = sorted(
        {str(subject) for each in parts.dev for subject in np.unique(each.subjects)}
    )
    data = ImageRunData(
        sets=tuple(
            ImageSet(
                name=image_set.annotations.source,
                sha256=image_set.sha256,
                num_images=len(image_set),
            )
            for image_set in sets
        ),
        preprocess=start.preprocess,
        tasks=tasks,
        spaces=sets[0].annotations.spaces,
        dev_subjects=tuple(people),
        start=start.weights,
        start_sha256=start.sha256,
        sources=_sources(sets, data_license, start.weights, start.license),
    )
    fabric = launch(config.accelerator, recipe.precision, config.strategy)
    paths = joined_paths(parts.train)
    reader = CropReader(paths, start.preprocess, num_threads=config.decoders)

    def build() -> Finetune:
        objective = Finetune(
            recipe,
            parts,
            start,
            reader=reader,
            fabric=fabric,
            tasks=tasks,
            micro_batch_size=config.micro_batch_size,
            on_evaluate=callbacks.on_evaluate,
        )
        is_partial = isinstance(recipe.adaptation, LowRank) or recipe.frozen_stages > 0
        if is_partial and fabric.is_global_zero:
            trained, total = count_weights(objective.model)
            share = trained / total
            callbacks.on_note(f"{trained:,} of {total:,} weights are trained ({share:.1%})")
        return objective

    train_images(
        Run(folder),
        recipe,
        data,
        build,
        reader=reader,
        fabric=fabric,
        config=config,
        callbacks=callbacks,
    )
    return load_face_net(folder)


def train_images(
    run: Run,
    recipe: AnyImageRecipe,
    data: ImageRunData,
    build_objective: Callable[[], Objective],
    *,
    reader: CropReader,
    fabric: Any,
    config: ImageTrainerConfig,
    callbacks: Callbacks,
) -> None:
    """Train an objective and save its backbone in the run's folder."""
    train_in(
        run,
        recipe,
        data,
        build_objective,
        fabric=fabric,
        config=config,
        callbacks=callbacks,
    )
    if fabric.is_global_zero and reader.unreadable:
        first = next(iter(reader.unreadable.values()))
        callbacks.on_note(
            f"{len(reader.unreadable)} of {len(reader.paths)} images did not decode and "
            f"trained nothing; the first: {first}"
        )
    if fabric.is_global_zero:
        merge_weights(run)
    if fabric.is_global_zero and not (run.folder / BACKBONE_FOLDER).exists():
        save_backbone(run, recipe, data)
    fabric.barrier()


def _sources(
    sets: Sequence[LabeledCrops], data_license: str, weights: str, weight_license: str
) -> tuple[DataSource, ...]:
    data = [
        DataSource(name=image_set.annotations.source, license=data_license)
        for image_set in sets
    ]
    if weights:
        data.append(DataSource(name=weights, license=weight_license or "not stated"))
    return tuple(data)
