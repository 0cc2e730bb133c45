"""Flags of `finetune`; free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.core.threads import TrainingThreads
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.images.recipe import FinetuneRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneCommand:
    """Train a backbone on labeled face crops; resumable."""

    data: tuple[Path, ...]
    """Folders of annotations, in any layouts that `wildaffect data check` knows; labels of
    the others are mapped to the label space of the first."""
    recipe: FinetuneRecipe
    images: tuple[Path, ...] = ()
    """Folder or pack of crops of each set, in the same order, as `wildaffect crop` writes;
    by default next to its annotations."""
    layout: tuple[str, ...] = ()
    """Layout of each set, if a folder has several."""
    weights: str | None = None
    """Initial weights of the backbone: folder of a run, name in `wildaffect weights list`,
    or weight file; untrained by default."""
    output: Path | None = None
    """Folder of the run; by default runs/<recipe>-<seed>."""
    train_split: str = "train"
    """Split to train on."""
    score_split: str = "val"
    """Split of the first set to score afterwards; `none` for none. Nothing is selected on
    it."""
    data_license: str = UNKNOWN_LICENSE
    """License of the data, copied to the weights."""
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
