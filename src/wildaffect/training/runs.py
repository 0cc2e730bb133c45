"""A run is a folder: recipe, environment, data, metrics, checkpoint, weights, outputs."""

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from wildaffect.core.config import Config, first_problem
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.manifest import DataSource
from wildaffect.models.multitask import MultitaskModel, build_model
from wildaffect.training.checkpoint import BadCheckpoint, load_weights
from wildaffect.training.recipe import TemporalRecipe, load_recipe, save_recipe

_PACKAGES = ("wildaffect", "torch", "numpy", "lightning-fabric", "onnx")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData(Config):
    """What a run was trained on, and what its model reads."""

    annotations: str
    """Name of the annotations."""
    annotations_sha256: str | None
    train_videos: tuple[str, ...]
    dev_videos: tuple[str, ...]
    """Set aside to choose the epoch; empty if none were."""
    input_dim: int
    input_widths: dict[str, int]
    """Columns of each input, in order."""
    feature_digests: dict[str, str]
    """Digest of the weights or definition behind each feature set."""
    crop_digests: dict[str, str] = field(default_factory=dict)
    """Digest of the crop behind each feature set, `none` where there is none."""
    rate_hz: float
    """Rows per second of the training sequences, the median."""
    times_are_guessed: bool
    """Whether times are frame numbers at an assumed rate."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    sources: tuple[DataSource, ...] = ()
    """Data sets that it was trained on, with their licenses."""


_DATA = TypeAdapter(RunData)


@dataclass(frozen=True, slots=True)
class Run:
    """Paths of one run's folder."""

    folder: Path

    @property
    def recipe(self) -> Path:
        """Return where the recipe stands."""
        return self.folder / "recipe.json"

    @property
    def data(self) -> Path:
        """Return where `RunData` stands."""
        return self.folder / "data.json"

    @property
    def metrics(self) -> Path:
        """Return the file with a line per epoch."""
        return self.folder / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Return the folder from which training goes on."""
        return self.folder / "checkpoint"

    @property
    def weights(self) -> Path:
        """Return the weights that the run ends with."""
        return self.folder / "weights.safetensors"

    @property
    def best_weights(self) -> Path:
        """Return the best weights so far, while it trains."""
        return self.folder / "best.safetensors"

    def outputs(self, split: str) -> Path:
        """Return where what the model says of a split is stored."""
        return self.folder / "outputs" / f"{split}.npz"

    @property
    def is_finished(self) -> bool:
        """Return whether training ended."""
        return self.weights.exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A finished run, ready to predict."""

    run: Run
    recipe: TemporalRecipe
    data: RunData
    model: MultitaskModel


def begin(run: Run, recipe: TemporalRecipe, data: RunData) -> None:
    """Write what the run is made of, or check that it is the same as before.

    Raises:
        UsageError: If the folder holds a run of another recipe or other data.
    """
    if run.recipe.exists():
        if load_recipe(run.recipe) != recipe or _read_data(run.data) != data:
            raise UsageError(
                f"{run.folder}: recipe and data must be those that the run began with; "
                "choose another folder with -o, or delete this one"
            )
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = json.dumps(describe_environment(), indent=1) + "\n"
    write_whole(run.folder / "environment.json", environment.encode())
    write_whole(run.data, _DATA.dump_json(data, indent=1) + b"\n")
    save_recipe(recipe, run.recipe)  # last: the others are there where it is


def load_run(folder: Path) -> TrainedModel:
    """Return the model of a finished run.

    Raises:
        UsageError: If the folder is no run, or one that did not end.
        BadCheckpoint: If its weights are damaged or those of another model.
    """
    run = Run(folder)
    if not run.recipe.exists():
        raise UsageError(f"{folder}: must be a run's folder with a recipe.json, got none")
    if not run.is_finished:
        raise UsageError(
            f"{folder}: training must have ended, got a run without weights.safetensors; "
            "repeat the train command to go on with it"
        )
    recipe, data = load_recipe(run.recipe), _read_data(run.data)
    try:
        model = build_model(recipe.model, data.input_dim, data.spaces)
        model.load_state_dict(load_weights(run.weights))
    except (RuntimeError, TypeError, ValueError, MemoryError, OverflowError) as error:
        raise BadCheckpoint(
            f"{run.weights}: weights must be those of the recipe, got "
            f"{' '.join(str(error).split()[:40])}"
        ) from error
    model.eval()
    return TrainedModel(run=run, recipe=recipe, data=data, model=model)


def append_metrics(run: Run, row: dict[str, Any]) -> None:
    """Add one line to the run's metrics; only whole lines count when they are read."""
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_metrics(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the lines of the run's metrics; not one that a stop left half written.

    Raises:
        UsageError: If a line is no metrics of an epoch.
    """
    if not run.metrics.exists():
        return
    for number, line in enumerate(run.metrics.read_bytes().split(b"\n")[:-1], start=1):
        try:
            row = from_json(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("epoch"), int):
            raise UsageError(
                f"{run.metrics}:{number}: a line must hold the metrics of an epoch, got "
                f"{line[:40]!r}; delete the line to go on"
            )
        yield row


def keep_metrics_before(run: Run, epoch: int) -> None:
    """Drop lines of epochs that will be trained again after a stop."""
    kept = [row for row in read_metrics(run) if row["epoch"] < epoch]
    text = "".join(json.dumps(row) + "\n" for row in kept)
    write_whole(run.metrics, text.encode())


def describe_environment() -> dict[str, Any]:
    """Return versions and config, for a run to write beside its weights."""
    found: dict[str, Any] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found | {"machine": platform.machine(), "system": platform.system()}


def _read_data(path: Path) -> RunData:
    try:
        return _DATA.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: must be readable, got {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: {first_problem(error)}") from None
