"""What a training run on crops is: every choice, as records that a run writes down."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.names import check_bare_name
from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossConfig
from wildaffect.models.heads import HeadConfig
from wildaffect.training.images.augment import AugmentConfig
from wildaffect.training.images.sampling import EveryImage, Sampling
from wildaffect.training.recipe import BestOnDevSplit, OptimConfig, Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecipe(Config):
    """What supervised training and pre-training have in common."""

    name: str
    network: str
    """Backbone, as `wildaffect.models.backbones.registry` names it."""
    batch_size: int = 64
    """Images of one step, over all processes together."""
    num_epochs: int = 20
    optim: OptimConfig = field(default_factory=OptimConfig)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    channels_last: bool = True
    """Lay out pictures as convolutions of GPUs and newer CPUs like them."""
    compile: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_bare_name("name", self.name)
        if self.batch_size < 1 or self.num_epochs < 1:
            raise ValueError(
                f"{self.name}: batch_size and num_epochs must be at least 1, got "
                f"{self.batch_size} and {self.num_epochs}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneRecipe(ImageRecipe):
    """Train a backbone and a head per task on labeled crops."""

    tasks: tuple[Task, ...] = tuple(Task)
    """Those that nothing is labeled for are left out."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    head: HeadConfig = field(default_factory=lambda: HeadConfig(hidden_dims=()))
    loss: LossConfig = field(default_factory=LossConfig)
    sampling: Sampling = field(default_factory=EveryImage)
    mixup_alpha: float = 0.0
    """Of the Beta distribution of shares in which two crops are mixed; 0 mixes none."""
    selection: Selection = field(default_factory=BestOnDevSplit)
    ema_decay: float = 0.0
    """Of the running mean of weights that is kept in place of the last ones; 0 for none."""
    layer_decay: float = 1.0
    """Learning rate of a stage over that of the stage after it, in (0, 1]."""
    frozen_stages: int = 0
    """First stages of the backbone that keep the weights they begin with."""
    drop_path: float = 0.0
    """Stochastic depth of the last block of a vision transformer, in [0, 1)."""
    recompute: bool = False
    """Save memory by computing stages again in the backward pass."""
    kind: Literal["finetune"] = "finetune"

    def __post_init__(self) -> None:
        ImageRecipe.__post_init__(self)
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ValueError(f"{self.name}: tasks must be named once each")
        if not 0 < self.layer_decay <= 1:
            raise ValueError(
                f"{self.name}: layer_decay must be in (0, 1], got {self.layer_decay}"
            )
        if self.mixup_alpha < 0:
            raise ValueError(
                f"{self.name}: mixup_alpha must be at least 0, got {self.mixup_alpha}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainRecipe(ImageRecipe):
    """Train a masked autoencoder on crops without labels.

    Each crop shows a random part of its image, mirrored or not.
    """

    min_area: float = 0.5
    """Smallest share of the image's area that is shown, in (0, 1]."""
    max_aspect_ratio: float = 4 / 3
    """Largest width by height of that part, or the other way round, at least 1."""
    picture_every: int = 1
    """Epochs between two sheets of reconstructions."""
    probe_every: int = 5
    """Epochs between two probes of the features, where labeled crops are given."""
    kind: Literal["pretrain"] = "pretrain"

    def __post_init__(self) -> None:
        ImageRecipe.__post_init__(self)
        if self.picture_every < 1 or self.probe_every < 1:
            raise ValueError(
                f"{self.name}: picture_every and probe_every must be at least 1, got "
                f"{self.picture_every} and {self.probe_every}"
            )


AnyImageRecipe = FinetuneRecipe | PretrainRecipe
_ADAPTER: TypeAdapter[AnyImageRecipe] = TypeAdapter(AnyImageRecipe)


def save_image_recipe(recipe: AnyImageRecipe, path: Path) -> None:
    """Write every field, defaults included, so that the file alone repeats the run."""
    write_whole(path, _ADAPTER.dump_json(recipe, indent=2) + b"\n")


def load_image_recipe(path: Path) -> AnyImageRecipe:
    """Read what `save_image_recipe` wrote.

    Raises:
        UsageError: If the file is missing or a key is unknown, missing or wrong.
    """
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: recipe must be readable, got {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UsageError(f"{path}: {where}: {first['msg']}") from None
