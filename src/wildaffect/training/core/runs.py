"""Folder of a run and its metrics."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from torch import nn

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.records import write_record
from wildaffect.training.core.checkpoint import BadCheckpoint, load_weights
from wildaffect.training.core.environment import describe_environment
from wildaffect.training.core.recipe import RunRecipe

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Run:
    """Paths in the folder of a run."""

    folder: Path

    @property
    def recipe(self) -> Path:
        """Return the path of the recipe."""
        return self.folder / "recipe.json"

    @property
    def data(self) -> Path:
        """Return the path of the record of the training data."""
        return self.folder / "data.json"

    @property
    def metrics(self) -> Path:
        """Return the path of the metrics, one line per epoch."""
        return self.folder / "metrics.jsonl"

    @property
    def curves(self) -> Path:
        """Return the path of the drawn learning curves."""
        return self.folder / "curves.svg"

    @property
    def checkpoint(self) -> Path:
        """Return the folder of the checkpoint to resume from."""
        return self.folder / "checkpoint"

    @property
    def weights(self) -> Path:
        """Return the path of the final weights."""
        return self.folder / "weights.safetensors"

    @property
    def best_weights(self) -> Path:
        """Return the path of the best weights so far, during training."""
        return self.folder / "best.safetensors"

    def outputs(self, split: str) -> Path:
        """Return the path of the stored outputs on a split."""
        return self.folder / "outputs" / f"{split}.npz"

    @property
    def is_finished(self) -> bool:
        """Return whether training is complete."""
        return self.weights.exists()


def begin(run: Run, recipe: RunRecipe, data: Config, device: torch.device) -> None:
    """Create the folder of a run, or check the recipe and data of an existing one.

    Args:
        run: Folder of the run.
        recipe: Recipe of the run, of any kind.
        data: Record of the training data.
        device: Device of the first process, for the record.

    Raises:
        UsageError: If the folder contains a run with another recipe or other data.
    """
    if run.recipe.exists():
        check_same(run, recipe, data)
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    environment = json.dumps(describe_environment(device), indent=1) + "\n"
    write_whole(run.folder / "environment.json", environment.encode())
    write_record(TypeAdapter(type(data)), data, run.data)
    # last, so that it implies the other files
    write_record(TypeAdapter(type(recipe)), recipe, run.recipe)


def check_same(run: Run, recipe: RunRecipe, data: Config) -> None:
    """Check that a folder holds a run with this recipe and these data.

    Raises:
        UsageError: If it holds another.
    """
    if not (_holds(run.recipe, recipe) and _holds(run.data, data)):
        raise UsageError(
            f"{run.folder}: this folder holds a run with another recipe or other data; "
            "choose another output folder, or delete this one"
        )


def check_finished(run: Run, verb: str) -> None:
    """Check that a folder holds a finished run.

    Args:
        run: Folder of the run.
        verb: Command that trains such a run.

    Raises:
        UsageError: If it holds no run, or an unfinished one.
    """
    if not run.recipe.exists():
        raise UsageError(f"{run.folder}: not a run: no recipe.json")
    if not run.is_finished:
        raise UsageError(
            f"{run.folder}: unfinished run (no {run.weights.name}); repeat the {verb} "
            "command to resume it"
        )


def restore(run: Run, build: Callable[[], M]) -> M:
    """Build the model of a finished run, load its weights, and set it to evaluation mode.

    Raises:
        BadCheckpoint: If the weights are damaged or belong to another model.
    """
    try:
        model = build()
        model.load_state_dict(load_weights(run.weights))
    except (RuntimeError, TypeError, ValueError, MemoryError, OverflowError) as error:
        raise BadCheckpoint(
            f"{run.weights}: weights do not match the recipe: "
            f"{' '.join(str(error).split()[:40])}"
        ) from error
    return model.eval()


def append_metrics(run: Run, row: dict[str, Any]) -> None:
    """Append one line to the run's metrics."""
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_metrics(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the complete lines of the run's metrics.

    Raises:
        UsageError: If a line does not contain the metrics of an epoch.
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
                f"{run.metrics}:{number}: not the metrics of an epoch: {line[:40]!r}; "
                "delete the line"
            )
        yield row


def keep_metrics_before(run: Run, epoch: int) -> None:
    """Drop the metrics of epochs that will be trained again after an interruption."""
    kept = [row for row in read_metrics(run) if row["epoch"] < epoch]
    text = "".join(json.dumps(row) + "\n" for row in kept)
    write_whole(run.metrics, text.encode())


def _holds(path: Path, record: Config) -> bool:
    try:
        return TypeAdapter(type(record)).validate_json(path.read_bytes()) == record
    except ValidationError:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None
