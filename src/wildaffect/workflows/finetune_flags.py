"""Flags of `finetune`; free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.training.images.recipe import FinetuneRecipe
from wildaffect.training.recipe import UNKNOWN_LICENSE


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneCommand:
    """Train a backbone on labeled face crops; resumable."""

    data: tuple[Path, ...]
    """Folders of annotations, in any layouts that `wildaffect data check` knows; labels of
    the others are mapped to the label space of the first."""
    recipe: Annotated[FinetuneRecipe, tyro.conf.arg(name="")]
    images: tuple[Path, ...] = ()
    """Folder or pack of crops of each set, in the same order, as `wildaffect crop` writes;
    by default next to its annotations."""
    format: tuple[str, ...] = ()
    """Layout of each set, if several lie in a folder."""
    weights: str | None = None
    """What the backbone begins with: a run's folder, a name of `wildaffect weights list`,
    or a weight file; untrained if not given."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder of the run; runs/<recipe>-<seed> if not given."""
    train_split: str = "train"
    """Split that is trained on."""
    score_split: str = "val"
    """Split of the first set that is scored afterwards; `none` for none. It never chooses
    anything."""
    data_license: str = UNKNOWN_LICENSE
    """License of the data; stated again with the weights."""
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
