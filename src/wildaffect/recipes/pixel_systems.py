"""Complete systems from pixels: backbones and temporal models, trained on different people.

Source:
    "Multi-Task Learning Framework for Emotion Recognition in-the-wild", arXiv 2207.09373:
    features of a masked autoencoder and of supervised networks, three temporal encoders,
    multi-task frameworks, smoothing, an ensemble. Different here: the autoencoder's encoder
    is fine-tuned on labels before its features are taken, and no subject is used to train
    both a backbone and a model that reads its features.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from wildaffect.core.config import Config
from wildaffect.recipes.images import (
    finetune_densefer,
    finetune_densenet_micro,
    finetune_iresnet100,
    finetune_iresnet_small,
    finetune_vit_b16,
    finetune_vit_micro,
    mae_micro,
    mae_vit_b16,
)
from wildaffect.recipes.systems import SYSTEMS, SystemRecipe
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.images.recipe import FinetuneRecipe, PretrainRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneRecipe(Config):
    """Training of one backbone."""

    name: str
    """Name of its run's folder and of its feature set."""
    finetune: FinetuneRecipe
    pretrain: PretrainRecipe | None = None
    """Pre-training on the same crops without labels; None to start from scratch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelSystemRecipe(Config):
    """Backbones, and the members that read the features of all of them."""

    system: SystemRecipe
    backbones: tuple[BackboneRecipe, ...]
    crop_size_px: int
    """Side of the crops for all backbones; use the largest input size."""

    @property
    def feature_sets(self) -> tuple[str, ...]:
        """Return the feature sets that every member reads, in order."""
        return tuple(backbone.name for backbone in self.backbones)

    def with_seed(self, seed: int) -> "PixelSystemRecipe":
        """Return the system with another random seed."""
        members = tuple((name, first + seed) for name, first in self.system.members)
        return replace(
            self,
            system=replace(self.system, members=members),
            backbones=tuple(_with_seed(backbone, seed) for backbone in self.backbones),
        )

    def with_epoch_scale(self, times: int) -> "PixelSystemRecipe":
        """Return the system with the epochs of every backbone multiplied."""
        return replace(
            self,
            backbones=tuple(
                _with_epoch_scale(backbone, times) for backbone in self.backbones
            ),
        )


def abaw4_system() -> PixelSystemRecipe:
    """Published system at full size, for GPUs; we have not run it to completion."""
    return PixelSystemRecipe(
        system=replace(
            SYSTEMS["abaw4-ensemble"],
            name="abaw4-system",
            title="MAE, IResNet and DenseNet features under temporal multi-task models "
            "after arXiv:2207.09373, averaged; accuracy on people not measured.",
        ),
        backbones=(
            BackboneRecipe(name="vit", finetune=finetune_vit_b16(), pretrain=mae_vit_b16()),
            BackboneRecipe(name="iresnet", finetune=finetune_iresnet100()),
            BackboneRecipe(name="densenet", finetune=finetune_densefer()),
        ),
        crop_size_px=224,
    )


def abaw4_system_small() -> PixelSystemRecipe:
    """Same system with networks for crops of 64 px: about an hour on one core.

    Epochs are for some 25,000 images; see docs/results-system.md for results. The
    convolutional networks train in bfloat16, which is twice as fast on newer processors.
    """
    return PixelSystemRecipe(
        system=SystemRecipe(
            name="abaw4-system-small",
            title="Small MAE, IResNet and DenseNet features under temporal multi-task "
            "models after arXiv:2207.09373, averaged; accuracy on people not measured.",
            members=tuple(
                (name, 0)
                for name in (
                    "modern-transformer",
                    "modern-lstm",
                    "modern-gru",
                    "modern-share-bottom",
                    "modern-hidden-feedback",
                    "modern-label-feedback",
                )
            ),
        ),
        backbones=(
            BackboneRecipe(
                name="vit",
                finetune=_short(finetune_vit_micro(), num_epochs=5),
                pretrain=replace(mae_micro(), num_epochs=10),
            ),
            BackboneRecipe(
                name="iresnet", finetune=_short(finetune_iresnet_small(), num_epochs=4)
            ),
            BackboneRecipe(
                name="densenet", finetune=_short(finetune_densenet_micro(), num_epochs=6)
            ),
        ),
        crop_size_px=64,
    )


PIXEL_SYSTEMS: dict[str, Callable[[], PixelSystemRecipe]] = {
    "abaw4-system": abaw4_system,
    "abaw4-system-small": abaw4_system_small,
}
"""Built-in complete systems by name."""


def _short(recipe: FinetuneRecipe, *, num_epochs: int) -> FinetuneRecipe:
    """Return a recipe shortened to minutes on a CPU: small batches, many steps."""
    return replace(recipe, num_epochs=num_epochs, batch_size=32, ema_decay=0.99)


def _with_seed(one: BackboneRecipe, seed: int) -> BackboneRecipe:
    pretrain = replace(one.pretrain, seed=seed) if one.pretrain else None
    return replace(one, finetune=replace(one.finetune, seed=seed), pretrain=pretrain)


def _with_epoch_scale(one: BackboneRecipe, times: int) -> BackboneRecipe:
    finetune = replace(one.finetune, num_epochs=one.finetune.num_epochs * times)
    if isinstance(finetune.selection, BestOnDevSplit):
        patience = finetune.selection.patience_epochs * times
        selection = replace(finetune.selection, patience_epochs=patience)
        finetune = replace(finetune, selection=selection)
    pretrain = one.pretrain
    if pretrain:
        pretrain = replace(pretrain, num_epochs=pretrain.num_epochs * times)
    return replace(one, finetune=finetune, pretrain=pretrain)
