"""Train a temporal run from annotations and stored features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.features.store import FeatureStore
from wildaffect.inference.manifest import DataSource
from wildaffect.training.dev_split import split_subjects
from wildaffect.training.distributed import launch
from wildaffect.training.load import Split, describe_data
from wildaffect.training.recipe import UNKNOWN_LICENSE, BestOnDevSplit, TemporalRecipe
from wildaffect.training.runs import Run, TrainedModel, begin, load_run
from wildaffect.training.temporal_trainer import TemporalTrainer
from wildaffect.training.trackers import open_trackers
from wildaffect.training.trainer import EpochCallback


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerConfig:
    """Hardware and tracking settings of a run."""

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
    """Train a recipe on a split, or resume an interrupted run.

    Args:
        recipe: Recipe to train.
        split: Training split.
        store: Feature store.
        folder: Folder of the run.
        config: Hardware and tracking settings.
        data_license: License of the annotations, copied to exported artifacts.
        on_epoch_end: Callback after every epoch.

    Raises:
        UsageError: If the folder contains another run.
        Diverged: If the loss is not finite.
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
            f"{folder}: no such folder on this machine; name one that all machines share "
            "with -o"
        )
    if run.is_finished:
        return load_run(folder)
    trackers = open_trackers(folder, config.trackers) if fabric.is_global_zero else []
    trainer = TemporalTrainer(
        recipe, sequences, run, fabric=fabric, spaces=data.spaces, trackers=trackers
    )
    try:
        trainer.run(on_epoch_end if fabric.is_global_zero else NO_CALLBACK)
    finally:
        for tracker in trackers:
            tracker.close()
    return load_run(folder)


def dev_videos(
    recipe: TemporalRecipe, sequences: Sequence[FrameSequence]
) -> tuple[str, ...]:
    """Return the videos of a recipe's dev split, in order."""
    if not isinstance(recipe.selection, BestOnDevSplit):
        return ()
    parts = split_subjects(sequences, recipe.selection.share, seed=recipe.seed)
    return tuple(sequence.video for sequence in parts.dev)


NO_CALLBACK: EpochCallback = lambda _: None  # noqa: E731
