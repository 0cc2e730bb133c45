"""Recipes of backbones: published sizes, and small versions for a CPU.

Values are as published where a source is named; docstrings state the differences. None of
the large recipes has been run to completion by us.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.losses.config import CCC, BinaryCrossEntropy, CrossEntropy, LossConfig
from wildaffect.models.frameworks import HeadConfig
from wildaffect.recipes.modern import EQUAL
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.sampling import BalancedClasses
from wildaffect.training.images.augment_config import AugmentConfig
from wildaffect.training.images.recipe import (
    AnyImageRecipe,
    FinetuneRecipe,
    PretrainRecipe,
    load_image_recipe,
)

LINEAR = HeadConfig(hidden_dims=(), dropout=0.1)


def partial_label_loss() -> LossConfig:
    """Return the losses for frames with labels for some tasks only."""
    return LossConfig(
        valence=CCC(mse_weight=0.5),
        arousal=CCC(mse_weight=0.5),
        expression=CrossEntropy(class_weights="inverse_sqrt", label_smoothing=0.1),
        action_units=BinaryCrossEntropy(positive_weights="inverse_sqrt"),
        task_weighting=EQUAL,
    )


def finetune_iresnet_small() -> FinetuneRecipe:
    """IResNet with one unit per stage on crops of 64 px: minutes on a CPU."""
    return FinetuneRecipe(
        name="finetune-iresnet-small",
        network="iresnet_micro_64.arcface",
        batch_size=64,
        num_epochs=15,
        optim=OptimConfig(peak_lr=1e-3, weight_decay=0.05, max_grad_norm=5.0),
        head=LINEAR,
        loss=partial_label_loss(),
        sampling=BalancedClasses(power=0.5),
        ema_decay=0.995,
        precision="bf16-mixed",
    )


def finetune_densefer() -> FinetuneRecipe:
    """DenseNet-BC with 342 features on gray crops of 64 px, as in the published system.

    Its network, crop and gray statistics are those of the public code of its predecessor
    (arXiv 2203.13032), which trained it on FER+ and AffectNet for expressions alone, with
    SGD; here AdamW, all tasks that are labeled, and the augmentation of the field.
    """
    return FinetuneRecipe(
        name="finetune-densefer",
        network="densenet_bc_64.gray",
        batch_size=64,
        num_epochs=20,
        optim=OptimConfig(peak_lr=1e-3, weight_decay=0.05, max_grad_norm=5.0),
        augment=AugmentConfig(saturation=0.0, gray_probability=0.0),
        head=LINEAR,
        loss=partial_label_loss(),
        sampling=BalancedClasses(power=0.5),
        ema_decay=0.995,
        precision="bf16-mixed",
    )


def finetune_densenet_micro() -> FinetuneRecipe:
    """DenseNet-BC with three short blocks on gray crops of 64 px: minutes on a CPU."""
    return replace(
        finetune_densefer(),
        name="finetune-densenet-micro",
        network="densenet_micro_64.gray",
    )


def finetune_vit_micro() -> FinetuneRecipe:
    """Vision transformer that `mae-micro` pre-trains, with average pooling."""
    return FinetuneRecipe(
        name="finetune-vit-micro",
        network="vit_micro_patch8_64.mae_mean",
        batch_size=64,
        num_epochs=20,
        optim=OptimConfig(
            peak_lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05, max_grad_norm=5.0
        ),
        head=LINEAR,
        loss=partial_label_loss(),
        sampling=BalancedClasses(power=0.5),
        layer_decay=0.75,
        drop_path=0.1,
        ema_decay=0.995,
    )


def finetune_vit_b16() -> FinetuneRecipe:
    """ViT-B/16 from MAE weights, fine-tuned as published; GPU-sized.

    Source:
        arXiv 2111.06377, table 9 (ViT-B: rate 5e-4 per 256 images, layer decay 0.65, drop
        path 0.1, weight decay 0.05, mix-up 0.8, label smoothing 0.1, 100 epochs, batch
        1024, 5 of them warm-up). Different here: batch 256, 30 epochs, no CutMix, our
        augmentation instead of RandAugment, an EMA of weights, clipped gradients.
    """
    return FinetuneRecipe(
        name="finetune-vit-b16",
        network="vit_base_patch16_224.mae_mean",
        batch_size=256,
        num_epochs=30,
        optim=OptimConfig(
            peak_lr=5e-4, weight_decay=0.05, max_grad_norm=5.0, final_lr_ratio=0.002
        ),
        head=LINEAR,
        loss=partial_label_loss(),
        sampling=BalancedClasses(power=0.5),
        mixup_alpha=0.8,
        layer_decay=0.65,
        drop_path=0.1,
        ema_decay=0.9995,
        precision="bf16-mixed",
    )


def finetune_iresnet100() -> FinetuneRecipe:
    """IResNet-100 on crops of 112 px, best initialized from face recognition; GPU-sized.

    The published system's IResNet was never described; size and crop are those of the
    ArcFace reference (arXiv 1801.07698), everything else is ours.
    """
    return FinetuneRecipe(
        name="finetune-iresnet100",
        network="iresnet100.arcface",
        batch_size=256,
        num_epochs=15,
        optim=OptimConfig(peak_lr=3e-4, weight_decay=0.05, max_grad_norm=5.0),
        head=LINEAR,
        loss=partial_label_loss(),
        sampling=BalancedClasses(power=0.5),
        layer_decay=0.95,
        ema_decay=0.9995,
        precision="bf16-mixed",
    )


def finetune_densenet121() -> FinetuneRecipe:
    """DenseNet-121 on crops of 224 px; GPU-sized. The training is ours."""
    return replace(
        finetune_iresnet100(),
        name="finetune-densenet121",
        network="densenet121.imagenet",
        layer_decay=0.98,
    )


def mae_micro() -> PretrainRecipe:
    """Masked autoencoder of a six-layer transformer on crops of 64 px: minutes on a CPU."""
    return PretrainRecipe(
        name="mae-micro",
        network="vit_micro_patch8_64.mae",
        batch_size=64,
        num_epochs=60,
        optim=OptimConfig(
            peak_lr=3e-3,
            betas=(0.9, 0.95),
            weight_decay=0.05,
            max_grad_norm=5.0,
            warmup_ratio=0.1,
        ),
    )


def mae_vit_b16() -> PretrainRecipe:
    """Masked autoencoder of ViT-B/16; GPU-sized.

    Source:
        arXiv 2111.06377, table 8 (AdamW with betas 0.9 and 0.95, rate 1.5e-4 per 256
        images, weight decay 0.05, batch 4096, 800 epochs of which 40 warm up, crops of 20
        to 100 % of the area, mirrored). Different here: gradients are clipped at a norm of
        5, the rate ends at 1e-4 of the peak and not at 0, and crops have at least 50 % of
        the area, as aligned faces fill them.
    """
    return PretrainRecipe(
        name="mae-vit-b16",
        network="vit_base_patch16_224.mae",
        batch_size=4096,
        num_epochs=800,
        optim=OptimConfig(
            peak_lr=1.5e-4 * 4096 / 256,
            betas=(0.9, 0.95),
            weight_decay=0.05,
            max_grad_norm=5.0,
            warmup_ratio=0.05,
            final_lr_ratio=1e-4,
        ),
        precision="bf16-mixed",
        picture_every=10,
        probe_every=40,
    )


FINETUNE_RECIPES: dict[str, Callable[[], FinetuneRecipe]] = {
    "finetune-iresnet-small": finetune_iresnet_small,
    "finetune-densefer": finetune_densefer,
    "finetune-densenet-micro": finetune_densenet_micro,
    "finetune-vit-micro": finetune_vit_micro,
    "finetune-vit-b16": finetune_vit_b16,
    "finetune-iresnet100": finetune_iresnet100,
    "finetune-densenet121": finetune_densenet121,
}
PRETRAIN_RECIPES: dict[str, Callable[[], PretrainRecipe]] = {
    "mae-micro": mae_micro,
    "mae-vit-b16": mae_vit_b16,
}


def find_finetune_recipe(name: str | Path) -> FinetuneRecipe:
    """Return a supervised recipe by its name, or from the `recipe.json` of a run.

    Raises:
        UsageError: If there is no such recipe.
    """
    recipe = _find(str(name), FINETUNE_RECIPES)
    if not isinstance(recipe, FinetuneRecipe):
        raise UsageError(f"{name}: not a finetune recipe, but one of {recipe.kind}")
    return recipe


def find_pretrain_recipe(name: str | Path) -> PretrainRecipe:
    """Return a pre-training recipe by its name, or from the `recipe.json` of a run.

    Raises:
        UsageError: If there is no such recipe.
    """
    recipe = _find(str(name), PRETRAIN_RECIPES)
    if not isinstance(recipe, PretrainRecipe):
        raise UsageError(f"{name}: not a pretrain recipe, but one of {recipe.kind}")
    return recipe


def _find(name: str, known: Mapping[str, Callable[[], AnyImageRecipe]]) -> AnyImageRecipe:
    every: dict[str, Callable[[], AnyImageRecipe]] = {
        **FINETUNE_RECIPES,
        **PRETRAIN_RECIPES,
    }
    if name in every:
        return every[name]()
    if name.endswith(".json"):
        return load_image_recipe(Path(name))
    near = get_close_matches(name, known, n=3)
    advice = (
        f"did you mean {', '.join(near)}?"
        if near
        else "`wildaffect recipes list` shows all"
    )
    raise UsageError(f"no recipe {name!r}; {advice}")
