"""Run folder: recipe, environment, data, metrics, checkpoint, weights, outputs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config, first_problem
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.manifest import DataSource
from wildaffect.models.multitask import MultitaskModel, build_model
from wildaffect.training.core.checkpoint import BadCheckpoint, load_weights
from wildaffect.training.core.runs import Run, describe_environment
from wildaffect.training.temporal.recipe import TemporalRecipe, load_recipe, save_recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData(Config):
    """Training data of a run and inputs of its model."""

    annotations: str
    """Name of the annotations."""
    annotations_sha256: str | None
    train_videos: tuple[str, ...]
    dev_videos: tuple[str, ...]
    """Videos of the dev split; empty without one."""
    input_dim: int
    input_widths: dict[str, int]
    """Number of columns of each input, in order."""
    feature_digests: dict[str, str]
    """Digest of the weights or definition of each feature set."""
    crop_digests: dict[str, str] = field(default_factory=dict)
    """Digest of the crop of each feature set, `none` for feature sets without crops."""
    rate_hz: float
    """Median number of rows per second of the training sequences."""
    times_are_guessed: bool
    """True if times derive from frame numbers at an assumed rate."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    sources: tuple[DataSource, ...] = ()
    """Training data sets and their licenses."""


_DATA = TypeAdapter(RunData)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrainedModel:
    """A finished run, ready to predict."""

    run: Run
    recipe: TemporalRecipe
    data: RunData
    model: MultitaskModel

    def __repr__(self) -> str:
        num_weights = sum(weight.numel() for weight in self.model.parameters())
        return (
            f"TrainedModel({self.run.folder}: {self.recipe.name}, "
            f"{', '.join(self.recipe.model.tasks)}, {num_weights:,} weights, trained on "
            f"{len(self.data.train_videos)} videos)"
        )


def begin(run: Run, recipe: TemporalRecipe, data: RunData) -> None:
    """Create the folder of a run, or check the recipe and data of an existing one.

    Raises:
        UsageError: If the folder contains a run with another recipe or other data.
    """
    if run.recipe.exists():
        if load_recipe(run.recipe) != recipe or _read_data(run.data) != data:
            raise UsageError(
                f"{run.folder}: this folder holds a run with another recipe or other data; "
                "choose another folder with -o, or delete this one"
            )
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = json.dumps(describe_environment(), indent=1) + "\n"
    write_whole(run.folder / "environment.json", environment.encode())
    write_whole(run.data, _DATA.dump_json(data, indent=1) + b"\n")
    save_recipe(recipe, run.recipe)  # last, so that it implies the other files


def load_run(folder: str | Path) -> TrainedModel:
    """Load the model of a finished run.

    Raises:
        UsageError: If the folder is not a run, or the run is unfinished.
        BadCheckpoint: If its weights are damaged or belong to another model.
    """
    run = Run(Path(folder))
    if not run.recipe.exists():
        raise UsageError(f"{folder}: not a run: no recipe.json")
    if not run.is_finished:
        raise UsageError(
            f"{folder}: unfinished run (no weights.safetensors); repeat the train command "
            "to resume it"
        )
    recipe, data = load_recipe(run.recipe), _read_data(run.data)
    try:
        model = build_model(recipe.model, data.input_dim, data.spaces)
        model.load_state_dict(load_weights(run.weights))
    except (RuntimeError, TypeError, ValueError, MemoryError, OverflowError) as error:
        raise BadCheckpoint(
            f"{run.weights}: weights do not match the recipe: "
            f"{' '.join(str(error).split()[:40])}"
        ) from error
    model.eval()
    return TrainedModel(run=run, recipe=recipe, data=data, model=model)


def _read_data(path: Path) -> RunData:
    try:
        return _DATA.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {first_problem(error)}") from None
