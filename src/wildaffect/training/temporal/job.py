"""Train a temporal run from annotations and stored features."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.features.store import FeatureStore
from wildaffect.inference.manifest import DataSource
from wildaffect.training.core.callbacks import SILENT, Callbacks
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.dev_split import split_subjects
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.job import train_in
from wildaffect.training.core.recipe import UNKNOWN_LICENSE, BestOnDevSplit
from wildaffect.training.core.runs import Run
from wildaffect.training.temporal.load import Split, describe_data
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import RunData, TrainedModel, load_run
from wildaffect.training.temporal.score import raw_scores
from wildaffect.training.temporal.semi_supervised import SemiSupervisedObjective
from wildaffect.training.temporal.unlabeled import LabeledOnly


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalJob:
    """Recipe, features and settings of one or several runs."""

    recipe: TemporalRecipe
    store: FeatureStore
    config: TrainerConfig = field(default_factory=TrainerConfig)
    data_license: str = UNKNOWN_LICENSE
    """License of the annotations, copied to exported artifacts."""
    unlabeled: tuple[FrameSequence, ...] = ()
    """Sequences that are trained on without labels, by recipes that use such."""
    callbacks: Callbacks = SILENT

    def __post_init__(self) -> None:
        is_used = not isinstance(self.recipe.unlabeled, LabeledOnly)
        if is_used and not self.unlabeled:
            raise UsageError(
                f"{self.recipe.name}: unlabeled={self.recipe.unlabeled.kind} needs videos "
                "without labels, got none; name their feature store with `unlabeled`"
            )
        if self.unlabeled and not is_used:
            raise UsageError(
                f"{self.recipe.name}: this recipe does not use unlabeled videos; set its "
                "unlabeled.kind to mean-teacher or pseudo-labels, or leave them out"
            )


class ScoredSplit(NamedTuple):
    """A split that is scored after every epoch and selects nothing."""

    name: str
    sequences: Sequence[FrameSequence]


def train_run(
    job: TemporalJob, split: Split, folder: Path, scored: ScoredSplit | None = None
) -> TrainedModel:
    """Train on a split into the folder of a run, or resume there.

    Args:
        job: What to train.
        split: Training split.
        folder: Folder of the run.
        scored: Split for the learning curve, which selects nothing; None for no curve.

    Raises:
        UsageError: If the folder contains another run.
        Diverged: If the loss is not finite.
    """
    dev = dev_videos(job.recipe, split.sequences)
    source = DataSource(name=split.annotations.source, license=job.data_license)
    data = describe_data(
        split, job.store, job.recipe, dev=dev, source=source, unlabeled=job.unlabeled
    )
    return train_described(job, split.sequences, data, folder, scored)


def train_described(
    job: TemporalJob,
    sequences: Sequence[FrameSequence],
    data: RunData,
    folder: Path,
    scored: ScoredSplit | None = None,
) -> TrainedModel:
    """Train on sequences that are described already, as `train_run` does."""
    recipe = job.recipe
    run = Run(folder)
    fabric = launch(job.config.accelerator, recipe.precision)

    def curve(model: nn.Module) -> dict[str, float]:
        if scored is None:
            return {}
        with fabric.autocast():
            found = raw_scores(model, scored.sequences, recipe, data.spaces)
        return {f"{scored.name}/{score}": value for score, value in found.items()}

    train_in(
        run,
        recipe,
        data,
        lambda: _objective(job, sequences, fabric, data.spaces),
        fabric=fabric,
        config=job.config,
        callbacks=job.callbacks,
        curve=curve,
    )
    return load_run(folder)


def _objective(
    job: TemporalJob, sequences: Sequence[FrameSequence], fabric: Any, spaces: LabelSpaces
) -> TemporalObjective:
    if not job.unlabeled:
        return TemporalObjective(job.recipe, sequences, fabric=fabric, spaces=spaces)
    return SemiSupervisedObjective(
        job.recipe, sequences, job.unlabeled, fabric=fabric, spaces=spaces
    )


def dev_videos(
    recipe: TemporalRecipe, sequences: Sequence[FrameSequence]
) -> tuple[str, ...]:
    """Return the videos of a recipe's dev split, in order."""
    if not isinstance(recipe.selection, BestOnDevSplit):
        return ()
    parts = split_subjects(sequences, recipe.selection.share, seed=recipe.seed)
    return tuple(sequence.video for sequence in parts.dev)
