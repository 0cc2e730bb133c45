"""Flags of `pretrain`; free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.threads import TrainingThreads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.images.recipe import PretrainRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainCommand:
    """Train a masked autoencoder on face crops without labels; resumable."""

    images: tuple[Path, ...]
    """Folders (at any depth) or packs of face crops; all images are used."""
    recipe: PretrainRecipe
    probe: tuple[Path, ...] = ()
    """Folders of annotations with crops on which the features are probed during training:
    fitted on some subjects, tested on others. It is not used for selection."""
    probe_split: str = "train"
    """Split of the probing sets."""
    output: Path | None = None
    """Folder of the run; by default runs/<recipe>-<seed>."""
    data_license: str = UNKNOWN_LICENSE
    """License of the images, copied to the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto is cuda where there is one."""
    strategy: Literal["ddp", "fsdp"] = "ddp"
    """Distribution over several processes: replicas of the network, or shards of it, for
    vision transformers that do not fit into one GPU."""
    micro_batch_size: int | None = None
    """Maximum number of crops per process in memory at a time, for batches that do not fit.
    The result is the same except for rounding. By default all."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""
    decoders: int = 2
    """Decoding threads per process; increase if a GPU waits for data."""
    trackers: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Experiment trackers in addition to TensorBoard, which is always written."""
