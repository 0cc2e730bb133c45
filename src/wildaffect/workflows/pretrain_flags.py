"""Flags of `pretrain`; free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.training.recipe import UNKNOWN_LICENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainCommand:
    """Train a masked autoencoder on face crops without labels; resumable."""

    images: tuple[Path, ...]
    """Folders of face crops, nested as they like, or packs; every image is used."""
    recipe: Annotated[PretrainRecipe, tyro.conf.arg(name="")]
    probe: tuple[Path, ...] = ()
    """Folders of annotations with crops on which the features are probed during training:
    fitted on some subjects, tested on others. It is not used for selection."""
    probe_split: str = "train"
    """Split of those that is used."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder of the run; runs/<recipe>-<seed> if not given."""
    data_license: str = UNKNOWN_LICENSE
    """License of the images; stated again with the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    strategy: Literal["ddp", "fsdp"] = "ddp"
    """What each of several processes holds: a replica of the network, or a shard of it, for
    vision transformers that do not fit into one GPU."""
    micro_batch_size: int | None = None
    """Crops of a step that a process holds in memory at once, for batches that do not fit;
    changes nothing of what is learned, but for rounding. All if not given."""
    threads: int = 1
    """CPU threads of tensor operations, per process."""
    decoders: int = 2
    """Threads of a process that decode crops; more where a GPU waits for them."""
    track: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Experiment trackers in addition to TensorBoard, which is always written."""
