"""Recipes of training runs on crops: all settings, saved with the run."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from wildaffect.core.checks import check_numbers
from wildaffect.core.records import read_record
from wildaffect.core.tasks import Task
from wildaffect.losses.config import LossConfig
from wildaffect.models.frameworks import HeadConfig
from wildaffect.training.core.recipe import BestOnDevSplit, RunRecipe, Selection
from wildaffect.training.images.adaptation import Adaptation, AllWeights
from wildaffect.training.images.augment_config import AugmentConfig
from wildaffect.training.images.sampling import EveryImage, Sampling


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecipe(RunRecipe):
    """Common settings of supervised training and pre-training."""

    network: str
    """Name of the backbone; docs/backbones.md lists them."""
    batch_size: int = 64
    """Images per step, over all processes together."""
    channels_last: bool = True
    """Use the channels-last memory format, which is faster on GPUs and newer CPUs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneRecipe(ImageRecipe):
    """Train a backbone and a head per task on labeled crops."""

    tasks: tuple[Task, ...] = tuple(Task)
    """Tasks to train; those without labels are skipped."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    head: HeadConfig = field(default_factory=lambda: HeadConfig(hidden_dims=()))
    loss: LossConfig = field(default_factory=LossConfig)
    sampling: Sampling = field(default_factory=EveryImage)
    mixup_alpha: float = 0.0
    """Parameter of mixup's Beta distribution; 0 disables mixup."""
    selection: Selection = field(default_factory=BestOnDevSplit)
    ema_decay: float = 0.0
    """Decay of the EMA of the weights, which is saved instead of the last weights; 0 for
    none."""
    layer_decay: float = 1.0
    """Ratio of the learning rates of a stage and the next stage, in (0, 1]."""
    adaptation: Adaptation = field(default_factory=AllWeights)
    """Weights of the backbone that are trained."""
    frozen_stages: int = 0
    """Number of frozen stages of the backbone, from its input."""
    drop_path: float = 0.0
    """Drop probability (stochastic depth) of the last transformer block, in [0, 1)."""
    recompute: bool = False
    """Save memory by recomputing stages in the backward pass."""
    kind: Literal["finetune"] = "finetune"

    def __post_init__(self) -> None:
        RunRecipe.__post_init__(self)
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ValueError(f"{self.name}: tasks must be unique")
        check_numbers(self.name, "(0, 1]", layer_decay=self.layer_decay)
        check_numbers(self.name, "[0, inf)", mixup_alpha=self.mixup_alpha)


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainRecipe(ImageRecipe):
    """Train a masked autoencoder on crops without labels.

    Each crop shows a random part of its image, mirrored or not.
    """

    min_area: float = 0.5
    """Minimum area of the random crop, as a share of the image, in (0, 1]."""
    max_aspect_ratio: float = 4 / 3
    """Maximum aspect ratio of the random crop, at least 1."""
    picture_every: int = 1
    """Number of epochs between two pictures of reconstructions."""
    probe_every: int = 5
    """Number of epochs between two probes of the features, if labeled crops are given."""
    kind: Literal["pretrain"] = "pretrain"

    def __post_init__(self) -> None:
        RunRecipe.__post_init__(self)
        check_numbers(
            self.name,
            "[1, inf)",
            picture_every=self.picture_every,
            probe_every=self.probe_every,
        )


AnyImageRecipe = FinetuneRecipe | PretrainRecipe


@cache
def _adapter() -> TypeAdapter[AnyImageRecipe]:
    # Built on first use, so that `--help` need not wait for it.
    return TypeAdapter(AnyImageRecipe)


def load_image_recipe(path: Path) -> AnyImageRecipe:
    """Read the recipe of a run on crops.

    Raises:
        UsageError: If the file is missing, or a key is unknown, missing or invalid.
    """
    return read_record(_adapter(), path, "recipe")
