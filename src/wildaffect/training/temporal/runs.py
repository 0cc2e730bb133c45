"""Training data and model of a temporal run."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.core.config import Config
from wildaffect.core.records import read_record
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.coverage import Coverage
from wildaffect.inference.manifest import DataSource
from wildaffect.models.build import TemporalModel, build_model
from wildaffect.training.core.runs import Run, check_finished, restore
from wildaffect.training.temporal.recipe import TemporalRecipe, load_recipe
from wildaffect.training.temporal.sequence_inputs import set_widths


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData(Config):
    """Training data of a run and inputs of its model."""

    annotations: str
    """Name of the annotations."""
    annotations_sha256: str | None
    train_videos: tuple[str, ...]
    dev_videos: tuple[str, ...]
    """Videos of the dev split; empty without one."""
    unlabeled_videos: tuple[str, ...] = ()
    """Videos that were trained on without labels."""
    input_dim: int
    input_widths: dict[str, int]
    """Number of columns of each input, in order."""
    feature_digests: dict[str, str]
    """Digest of the weights or definition of each feature set."""
    crop_digests: dict[str, str] = field(default_factory=dict)
    """Digest of the crop of each feature set, `none` for feature sets without crops."""
    column_digests: dict[str, str] = field(default_factory=dict)
    """Digest of the names of the columns of each feature set, in order."""
    rate_hz: float
    """Median number of rows per second of the training sequences."""
    times_are_guessed: bool
    """True if times derive from frame numbers at an assumed rate."""
    coverage: Coverage | None = None
    """Annotated rows with and without features; None in runs of earlier versions."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    sources: tuple[DataSource, ...] = ()
    """Training data sets and their licenses."""

    @property
    def calibrated_on(self) -> str:
        """Return what a calibration of the run is fitted on, in words."""
        return "dev split" if self.dev_videos else "held-out videos of the folds"


_DATA = TypeAdapter(RunData)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrainedModel:
    """A finished run, ready to predict."""

    run: Run
    recipe: TemporalRecipe
    data: RunData
    model: TemporalModel
    without: tuple[str, ...] = ()
    """Feature sets that it was trained with and does without; see `without_sets`."""

    def __repr__(self) -> str:
        num_weights = sum(weight.numel() for weight in self.model.parameters())
        return (
            f"TrainedModel({self.run.folder}: {self.recipe.name}, "
            f"{', '.join(self.recipe.model.tasks)}, {num_weights:,} weights, trained on "
            f"{len(self.data.train_videos)} videos)"
        )


def load_run(folder: str | Path) -> TrainedModel:
    """Load the model of a finished run.

    Raises:
        UsageError: If the folder is not a run, or the run is unfinished.
        BadCheckpoint: If its weights are damaged or belong to another model.
    """
    run = Run(Path(folder))
    check_finished(run, "train")
    recipe, data = load_recipe(run.recipe), read_record(_DATA, run.data, "data record")
    widths = tuple(set_widths(data.input_widths).values())
    model = restore(
        run, lambda: build_model(recipe.model, data.input_dim, data.spaces, widths)
    )
    return TrainedModel(run=run, recipe=recipe, data=data, model=model)
