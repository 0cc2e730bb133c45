"""Train a temporal run from annotations and stored features."""

from collections.abc import Sequence
from pathlib import Path

from wildaffect.core.sequences import FrameSequence
from wildaffect.features.store import FeatureStore
from wildaffect.inference.manifest import DataSource
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.dev_split import split_subjects
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.epochs import EpochCallback, no_epoch_callback
from wildaffect.training.core.job import train_in
from wildaffect.training.core.recipe import UNKNOWN_LICENSE, BestOnDevSplit
from wildaffect.training.core.runs import Run
from wildaffect.training.temporal.load import Split, describe_data
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import TrainedModel, load_run


def train_run(
    recipe: TemporalRecipe,
    split: Split,
    store: FeatureStore,
    folder: Path,
    *,
    config: TrainerConfig,
    data_license: str = UNKNOWN_LICENSE,
    on_epoch_end: EpochCallback = no_epoch_callback,
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
    train_in(
        run,
        recipe,
        data,
        lambda: TemporalObjective(recipe, sequences, fabric=fabric, spaces=data.spaces),
        fabric=fabric,
        config=config,
        on_epoch_end=on_epoch_end,
    )
    return load_run(folder)


def dev_videos(
    recipe: TemporalRecipe, sequences: Sequence[FrameSequence]
) -> tuple[str, ...]:
    """Return the videos of a recipe's dev split, in order."""
    if not isinstance(recipe.selection, BestOnDevSplit):
        return ()
    parts = split_subjects(sequences, recipe.selection.share, seed=recipe.seed)
    return tuple(sequence.video for sequence in parts.dev)
