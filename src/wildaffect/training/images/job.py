"""From labelled crops to a finished supervised run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.manifest import DataSource
from wildaffect.training.dev_split import hold_out_subjects
from wildaffect.training.distributed import Strategy, launch
from wildaffect.training.images.crops import CropReader
from wildaffect.training.images.evaluate import Seen, tell_nobody
from wildaffect.training.images.finetune import Finetune, LabelledParts
from wildaffect.training.images.labelled import (
    LabelledCrops,
    SetPlace,
    join_labels,
    joined_paths,
    load_labelled,
)
from wildaffect.training.images.recipe import AnyImageRecipe, FinetuneRecipe
from wildaffect.training.images.runs import (
    ImageRunData,
    ImageSet,
    TrainedFaceNet,
    begin_image_run,
    load_face_net,
    save_backbone,
)
from wildaffect.training.images.start import BACKBONE_FOLDER, start_from
from wildaffect.training.images.trainer import ImageTrainer, Objective, Tick
from wildaffect.training.job import Machine
from wildaffect.training.recipe import BestOnDevSplit
from wildaffect.training.runs import Run
from wildaffect.training.trackers import open_trackers
from wildaffect.training.trainer import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMachine(Machine):
    """Where a run on crops trains; all but rounding is the same anywhere."""

    strategy: Strategy = "ddp"
    micro_batch_size: int | None = None
    """Crops of a step that a process holds in memory at once; None for all of its own."""
    decoders: int = 2
    """Threads of a process that decode crops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who is told how far a run is."""

    epoch: Watch
    step: Tick
    unreadable: Callable[[dict[int, str], int], None]
    """Told at the end which crops did not decode, and of how many."""
    judging: Callable[[int], Seen] = lambda num_crops: tell_nobody  # noqa: ARG005
    """Told how many crops are about to be judged; gives what is told of each batch."""


def load_sets(places: Sequence[SetPlace], split: str) -> tuple[LabelledCrops, ...]:
    """Read one split of several sets, all in the label spaces of the first.

    Raises:
        MissingData: If a set has no annotations or no crops.
        UsageError: If a set's labels have no table to those of the first.
    """
    sets: list[LabelledCrops] = []
    spaces: LabelSpaces | None = None
    for place in places:
        sets.append(load_labelled(place, split, spaces))
        spaces = sets[0].annotations.spaces
    return tuple(sets)


def split_sets(sets: Sequence[LabelledCrops], recipe: FinetuneRecipe) -> LabelledParts:
    """Set people of every set aside, as the recipe says.

    Raises:
        SplitError: If there are fewer than two people.
    """
    if not isinstance(recipe.selection, BestOnDevSplit):
        return LabelledParts(train=tuple(sets))
    people = [str(one) for each in sets for one in np.unique(each.subjects)]
    aside = hold_out_subjects(people, recipe.selection.share, seed=recipe.seed)
    is_dev = [np.isin(one.subjects, sorted(aside)) for one in sets]
    pairs = list(zip(sets, is_dev, strict=True))
    return LabelledParts(
        train=tuple(one.take(np.flatnonzero(~at)) for one, at in pairs if not at.all()),
        dev=tuple(one.take(np.flatnonzero(at)) for one, at in pairs if at.any()),
    )


def finetune_run(
    recipe: FinetuneRecipe,
    sets: Sequence[LabelledCrops],
    folder: Path,
    *,
    weights: str | None,
    machine: ImageMachine,
    data_license: str,
    watching: Watching,
) -> TrainedFaceNet:
    """Train a backbone on labelled crops, or go on with a run that was stopped.

    Args:
        recipe: How it is trained.
        sets: With labels in the same spaces.
        folder: Of the run.
        weights: What it begins with, see `start_from`.
        machine: Where it trains.
        data_license: License of the data, stated again in the others.
        watching: Who is told.

    Raises:
        UsageError: If the folder holds another run, or nothing is labelled for the tasks.
        BadWeights: If the weights are not those of the recipe's network.
        Diverged: If the loss is no number any more.
    """
    parts = split_sets(sets, recipe)
    labelled = join_labels(parts.train).tasks
    tasks = tuple(task for task in recipe.tasks if task in labelled)
    if not tasks:
        raise UsageError(
            f"{recipe.name}: images must be labelled for one of {', '.join(recipe.tasks)}, "
            f"got labels of {', '.join(labelled)}"
        )
    torch.manual_seed(recipe.seed)
    start = start_from(recipe.network, weights)
    people = sorted({str(one) for each in parts.dev for one in np.unique(each.subjects)})
    data = ImageRunData(
        sets=tuple(
            ImageSet(name=one.annotations.source, sha256=one.sha256, num_images=len(one))
            for one in sets
        ),
        preprocess=start.preprocess,
        tasks=tasks,
        spaces=sets[0].annotations.spaces,
        dev_subjects=tuple(people),
        start=start.weights,
        start_sha256=start.sha256,
        sources=_sources(sets, data_license, start.weights, start.license),
    )
    run = Run(folder)
    fabric = launch(machine.accelerator, recipe.precision, machine.strategy)
    objective = Finetune(
        recipe,
        parts,
        start,
        reader=CropReader(
            joined_paths(parts.train), start.preprocess, num_threads=machine.decoders
        ),
        fabric=fabric,
        tasks=tasks,
        micro_batch_size=machine.micro_batch_size,
        judging=watching.judging,
    )
    train_images(
        run, recipe, data, objective, fabric=fabric, machine=machine, watching=watching
    )
    watching.unreadable(objective.reader.unreadable, len(objective.reader.paths))
    return load_face_net(folder)


def train_images(
    run: Run,
    recipe: AnyImageRecipe,
    data: ImageRunData,
    objective: Objective,
    *,
    fabric: Any,
    machine: ImageMachine,
    watching: Watching,
) -> None:
    """Train an objective to its end, log it, and lay its backbone out beside the run."""
    if fabric.is_global_zero:
        begin_image_run(run, recipe, data)
    fabric.barrier()
    is_first: bool = fabric.is_global_zero and not run.is_finished
    trackers = open_trackers(run.folder, machine.trackers) if is_first else []
    trainer = ImageTrainer(recipe, objective, run, fabric=fabric, trackers=trackers)
    try:
        if fabric.is_global_zero:
            trainer.run(watching.epoch, watching.step)
        else:
            trainer.run(lambda _: None, lambda _step, _all, _loss: None)
    finally:
        for tracker in trackers:
            tracker.close()
    if fabric.is_global_zero and not (run.folder / BACKBONE_FOLDER).exists():
        save_backbone(run, recipe, data)
    fabric.barrier()


def _sources(
    sets: Sequence[LabelledCrops], data_license: str, weights: str, weight_license: str
) -> tuple[DataSource, ...]:
    data = [DataSource(name=one.annotations.source, license=data_license) for one in sets]
    if weights:
        data.append(DataSource(name=weights, license=weight_license or "not stated"))
    return tuple(data)
