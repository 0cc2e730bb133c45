"""Experiment trackers: TensorBoard and others."""

from pathlib import Path
from typing import Any, Protocol

from wildaffect.core.errors import MissingExtra, UsageError


class Tracker(Protocol):
    """Logs metrics."""

    def log(self, values: dict[str, float], step: int) -> None:
        """Log metrics after `step` optimizer steps."""

    def close(self) -> None:
        """Flush and close."""


class TensorBoard:
    """TensorBoard event files in the run's folder; always written."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - takes 2 s

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"))

    def log(self, values: dict[str, float], step: int) -> None:
        """Log metrics after `step` optimizer steps."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class Wandb:
    """Weights & Biases, configured by its own settings."""

    def __init__(self, folder: Path) -> None:
        try:
            import wandb  # noqa: PLC0415 - an extra
        except ImportError:
            raise MissingExtra("tracking with wandb", "track") from None
        self._run: Any = wandb.init(project="wildaffect", name=folder.name, dir=str(folder))

    def log(self, values: dict[str, float], step: int) -> None:
        """Log metrics after `step` optimizer steps."""
        self._run.log(values, step=step)

    def close(self) -> None:
        """Flush and close."""
        self._run.finish()


class MLflow:
    """MLflow, configured by its own settings."""

    def __init__(self, folder: Path) -> None:
        try:
            import mlflow  # noqa: PLC0415 - an extra
        except ImportError:
            raise MissingExtra("tracking with mlflow", "track") from None
        self._mlflow: Any = mlflow
        mlflow.start_run(run_name=folder.name)

    def log(self, values: dict[str, float], step: int) -> None:
        """Log metrics after `step` optimizer steps."""
        self._mlflow.log_metrics(values, step=step)

    def close(self) -> None:
        """Flush and close."""
        self._mlflow.end_run()


def open_trackers(folder: Path, names: tuple[str, ...]) -> list[Tracker]:
    """Return TensorBoard and the named trackers.

    Raises:
        UsageError: If a name is unknown.
        MissingExtra: If a tracker is not installed.
    """
    known: dict[str, type[Wandb] | type[MLflow]] = {"wandb": Wandb, "mlflow": MLflow}
    for name in names:
        if name not in known:
            raise UsageError(f"track: must be among {', '.join(known)}, got {name!r}")
    return [TensorBoard(folder), *(known[name](folder) for name in names)]
