"""Flags that commands of training share; free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.threads import TrainingThreads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFlags:
    """Flags of every run."""

    output: Path | None = None
    """Folder of the run; by default runs/<recipe>-<seed>."""
    data_license: str = UNKNOWN_LICENSE
    """License of the data, copied to the weights and artifacts made from it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""
    trackers: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Experiment trackers in addition to TensorBoard, which is always written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTrainingFlags(TrainingFlags):
    """Flags of every run on crops."""

    strategy: Literal["ddp", "fsdp"] = "ddp"
    """Distribution over several processes: replicas of the network, or shards of it, for
    vision transformers that do not fit into one GPU."""
    micro_batch_size: int | None = None
    """Maximum number of crops per process in memory at a time, for batches that do not fit.
    The result is the same except for rounding. By default all."""
    decoders: int = 2
    """Decoding threads per process; increase if a GPU waits for data."""
