"""From annotations and features to a finished run whose outputs are stored and scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.features.store import FeatureStore
from wildaffect.inference.manifest import DataSource
from wildaffect.training.dev_split import split_subjects
from wildaffect.training.distributed import launch
from wildaffect.training.load import Split, describe_data
from wildaffect.training.recipe import BestOnDevSplit, TemporalRecipe
from wildaffect.training.runs import Run, TrainedModel, begin, load_run
from wildaffect.training.temporal_trainer import TemporalTrainer
from wildaffect.training.trackers import open_trackers
from wildaffect.training.trainer import EpochCallback

UNKNOWN_LICENSE = "not stated"
"""Terms of annotations that nobody told; an artifact repeats them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerConfig:
    """Where a run trains and who is told of it."""

    accelerator: str = "auto"
    trackers: tuple[str, ...] = ()


def train_run(
    recipe: TemporalRecipe,
    split: Split,
    store: FeatureStore,
    folder: Path,
    *,
    config: TrainerConfig,
    data_license: str = UNKNOWN_LICENSE,
    on_epoch_end: EpochCallback,
) -> TrainedModel:
    """Train a recipe on a split, or go on with a run that was stopped.

    Args:
        recipe: What to train.
        split: Its training part.
        store: Where the features are.
        folder: Of the run.
        config: Where it trains.
        data_license: License of the annotations, stated again in the the artifact.
        on_epoch_end: Told of every epoch.

    Raises:
        UsageError: If the folder holds another run.
        Diverged: If the loss is no number any more; the run can be repeated from its last
            checkpoint with other settings in another folder.
    """
    sequences = split.sequences
    dev = dev_videos(recipe, sequences)
    source = DataSource(name=split.annotations.source, license=data_license)
    data = describe_data(split, store, recipe, dev=dev, source=source)
    run = Run(folder)
    fabric = launch(config.accelerator, recipe.precision)
    if fabric.is_global_zero:
        begin(run, recipe, data)
    fabric.barrier()
    if not run.recipe.exists():
        raise UsageError(
            f"{folder}: the folder of a run must be one that all machines share, got none "
            "here; name one with -o"
        )
    if run.is_finished:
        return load_run(folder)
    trackers = open_trackers(folder, config.trackers) if fabric.is_global_zero else []
    trainer = TemporalTrainer(
        recipe, sequences, run, fabric=fabric, spaces=data.spaces, trackers=trackers
    )
    try:
        trainer.run(on_epoch_end if fabric.is_global_zero else _nobody)
    finally:
        for tracker in trackers:
            tracker.close()
    return load_run(folder)


def dev_videos(
    recipe: TemporalRecipe, sequences: Sequence[FrameSequence]
) -> tuple[str, ...]:
    """Return the videos that a recipe sets aside to choose its epoch, in order."""
    if not isinstance(recipe.selection, BestOnDevSplit):
        return ()
    parts = split_subjects(sequences, recipe.selection.share, seed=recipe.seed)
    return tuple(sequence.video for sequence in parts.dev)


_nobody: Callable[[Any], None] = lambda epoch: None  # noqa: E731, ARG005
