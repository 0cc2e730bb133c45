"""Folder of a run and its metrics."""

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole

_PACKAGES = ("wildaffect", "torch", "numpy", "lightning-fabric", "onnx")


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
        """Return the path of `RunData`."""
        return self.folder / "data.json"

    @property
    def metrics(self) -> Path:
        """Return the path of the metrics, one line per epoch."""
        return self.folder / "metrics.jsonl"

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


def describe_environment() -> dict[str, Any]:
    """Return package versions and the platform."""
    found: dict[str, Any] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found | {"machine": platform.machine(), "system": platform.system()}
