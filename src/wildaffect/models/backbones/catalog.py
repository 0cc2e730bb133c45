"""Built-in backbones, without weights.

Tags name the published weights that crop and features are made for: `mae` (class
token) and `mae_mean` (mean of the patches, as after fine-tuning), `arcface`, `imagenet`.
`videomae` networks read clips: `mae` is the mean of the normed tokens, `mae_mean` the norm
of their mean, `marlin` the same for MARLIN's weights.
"""

import re
from collections.abc import Callable
from functools import partial

from wildaffect.core.clips import ClipSampling
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.densenet import (
    DenseNet,
    DenseNetConfig,
    imagenet_densenet,
    small_densenet,
)
from wildaffect.models.backbones.iresnet import IResNet, IResNetConfig
from wildaffect.models.backbones.spec import BackboneSpec
from wildaffect.models.backbones.videomae import (
    NormedMeanViT,
    NormedTokensViT,
    VideoTrunk,
    VideoViTConfig,
)
from wildaffect.models.backbones.videomae_keys import from_marlin, from_videomae
from wildaffect.models.backbones.vit import ClassTokenViT, MeanTokenViT, ViTConfig

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

VITS = {
    "vit_micro_patch8_64": ViTConfig(size_px=64, patch_px=8, dim=128, depth=6, num_heads=4),
    "vit_tiny_patch16_224": ViTConfig(dim=192, depth=12, num_heads=3),
    "vit_small_patch16_224": ViTConfig(dim=384, depth=12, num_heads=6),
    "vit_base_patch16_224": ViTConfig(dim=768, depth=12, num_heads=12),
    "vit_large_patch16_224": ViTConfig(dim=1024, depth=24, num_heads=16),
}
"""Architecture -> sizes. Tiny to large: arXiv 2010.11929, table 1, and arXiv 2012.12877,
table 1; micro is ours, for 64 px crops on a CPU."""

VIDEO_VITS = {
    "videomae_micro_patch8_64": VITS["vit_micro_patch8_64"],
    "videomae_small_patch16_224": VITS["vit_small_patch16_224"],
    "videomae_base_patch16_224": VITS["vit_base_patch16_224"],
    "videomae_large_patch16_224": VITS["vit_large_patch16_224"],
}
"""Architecture -> sizes of a frame and of the layers, as in arXiv 2203.12602."""
_MARLIN_SIZES = ("small", "base", "large")

_IRESNETS = {
    "iresnet_micro_64": IResNetConfig(
        units=(1, 1, 1, 1), width=32, size_px=64, feature_dim=256
    ),
    "iresnet18": IResNetConfig(units=(2, 2, 2, 2)),
    "iresnet34": IResNetConfig(units=(3, 4, 6, 3)),
    "iresnet50": IResNetConfig(units=(3, 4, 14, 3)),
    "iresnet100": IResNetConfig(units=(3, 13, 30, 3)),
}
_DENSENETS = {
    "densenet121": DenseNetConfig(layers=(6, 12, 24, 16), growth=32, initial_channels=64),
    "densenet161": DenseNetConfig(layers=(6, 12, 36, 24), growth=48, initial_channels=96),
    "densenet169": DenseNetConfig(layers=(6, 12, 32, 32), growth=32, initial_channels=64),
    "densenet201": DenseNetConfig(layers=(6, 12, 48, 32), growth=32, initial_channels=64),
}
_GRAY_DENSENETS = {
    # Its stem divides the side by 4: blocks on 32 px would dominate the time on a CPU.
    "densenet_micro_64": (
        imagenet_densenet,
        DenseNetConfig(
            layers=(3, 6, 6), growth=24, initial_channels=32, channels=1, size_px=64
        ),
    ),
    "densenet_bc_64": (
        small_densenet,
        DenseNetConfig(
            layers=(16, 16, 16), growth=12, initial_channels=24, channels=1, size_px=64
        ),
    ),
}
_MAE_DECODER = ("decoder_", "mask_token")
_VIDEO_DECODER = ("decoder.", "encoder_to_decoder.", "enc_dec_proj.", "mask_token")
_VIDEOMAE_CLIPS = ClipSampling(num_frames=16, step_s=4 / 30)
"""Every fourth frame of Kinetics at 30 frames/s (arXiv 2203.12602, section 4.1)."""
_MARLIN_CLIPS = ClipSampling(num_frames=16, step_s=2 / 30, stride=8)
"""Every second frame, a clip every 16 frames (defaults of MARLIN's own extraction)."""
_NESTED_KEY = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")


def _imagenet(size_px: int) -> Preprocess:
    return Preprocess(size_px=size_px, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _flat_key(key: str) -> str:
    """Rename `norm.1` of torchvision's released DenseNets to the current `norm1`."""
    return _NESTED_KEY.sub(r"\1\2.", key)


def _vit_specs(name: str, config: ViTConfig) -> tuple[BackboneSpec, BackboneSpec]:
    class_token = BackboneSpec(
        name=f"{name}.mae",
        feature_dim=config.dim,
        preprocess=_imagenet(config.size_px),
        build=partial(ClassTokenViT, config),
        head="head",
        droppable=("head.", *_MAE_DECODER),
    )
    mean_token = BackboneSpec(
        name=f"{name}.mae_mean",
        feature_dim=config.dim,
        preprocess=_imagenet(config.size_px),
        build=partial(MeanTokenViT, config),
        head="head",
        droppable=("head.", *_MAE_DECODER),
    )
    return class_token, mean_token


def _video_spec(
    name: str, tag: str, network: type[VideoTrunk], config: ViTConfig
) -> BackboneSpec:
    # Kinetics is normalized as ImageNet by the public code, of V2 too.
    return BackboneSpec(
        name=f"{name}.{tag}",
        feature_dim=config.dim,
        preprocess=_imagenet(config.size_px),
        build=partial(network, VideoViTConfig(image=config)),
        head="head",
        droppable=("head.", *_VIDEO_DECODER),
        convert=from_videomae,
        clips=_VIDEOMAE_CLIPS,
    )


def _marlin_spec(name: str, config: ViTConfig) -> BackboneSpec:
    # Pixels in [0, 1] of upright squares around the face; torch's default in its norms.
    return BackboneSpec(
        name=f"{name}.marlin",
        feature_dim=config.dim,
        preprocess=Preprocess(
            alignment="box", size_px=config.size_px, mean=(0.0,) * 3, std=(1.0,) * 3
        ),
        build=partial(NormedMeanViT, VideoViTConfig(image=config, norm_eps=1e-5)),
        droppable=("pos_embedding.", *_VIDEO_DECODER),
        convert=from_marlin,
        clips=_MARLIN_CLIPS,
    )


def _video_specs(name: str, config: ViTConfig) -> tuple[BackboneSpec, ...]:
    specs = (
        _video_spec(name, "mae", NormedTokensViT, config),
        _video_spec(name, "mae_mean", NormedMeanViT, config),
    )
    if name.split("_")[1] in _MARLIN_SIZES:
        return (*specs, _marlin_spec(name, config))
    return specs


def _iresnet_spec(name: str, config: IResNetConfig) -> BackboneSpec:
    half = (0.5, 0.5, 0.5)
    return BackboneSpec(
        name=f"{name}.arcface",
        feature_dim=config.feature_dim,
        preprocess=Preprocess(size_px=config.size_px, mean=half, std=half),
        build=partial(IResNet, config),
    )


def _densenet_spec(name: str, config: DenseNetConfig) -> BackboneSpec:
    return BackboneSpec(
        name=f"{name}.imagenet",
        feature_dim=config.feature_dim,
        preprocess=_imagenet(config.size_px),
        build=partial(imagenet_densenet, config),
        head="classifier",
        droppable=("classifier.",),
        rename=_flat_key,
    )


def _gray_densenet_spec(
    name: str, build: Callable[[DenseNetConfig], DenseNet], config: DenseNetConfig
) -> BackboneSpec:
    # Mean and standard deviation (0 to 255) of the gray training images in the public code
    # of the ABAW3 entry, arXiv 2203.13032.
    return BackboneSpec(
        name=f"{name}.gray",
        feature_dim=config.feature_dim,
        preprocess=Preprocess(
            size_px=config.size_px,
            channels="gray",
            mean=(101.63449 / 255,),
            std=(59.74126 / 255,),
        ),
        build=partial(build, config),
        head="classifier",
        droppable=("classifier.",),
    )


SHIPPED: tuple[BackboneSpec, ...] = (
    *(spec for name, config in VITS.items() for spec in _vit_specs(name, config)),
    *(spec for name, config in VIDEO_VITS.items() for spec in _video_specs(name, config)),
    *(_iresnet_spec(name, config) for name, config in _IRESNETS.items()),
    *(_densenet_spec(name, config) for name, config in _DENSENETS.items()),
    *(_gray_densenet_spec(name, *made) for name, made in _GRAY_DENSENETS.items()),
)
