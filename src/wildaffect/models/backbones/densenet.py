"""DenseNet-BC with torchvision's parameter names: the ImageNet family, and for 64 px.

Symbols: B batch, C channels, S side of the crop, D features.

Source: G. Huang et al., "Densely connected convolutional networks", arXiv 1608.06993.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.backbones.backbone import Backbone, Stages, check_crops

BOTTLENECK = 4
"""Channels between the two convolutions of a layer, as a multiple of the growth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseNetConfig(Config):
    """Sizes of a DenseNet-BC; a transition halves channels and side."""

    layers: tuple[int, ...]
    """Layers per dense block."""
    growth: int
    """Channels that a layer adds."""
    initial_channels: int
    channels: int = 3
    size_px: int = 224

    @property
    def feature_dim(self) -> int:
        """Channels after the last block."""
        width = self.initial_channels
        for index, num_layers in enumerate(self.layers):
            width = (width // 2 if index else width) + num_layers * self.growth
        return width


class DenseLayer(nn.Module):
    """Appends `growth` channels to its input."""

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        inner = BOTTLENECK * growth
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, inner, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, growth, 3, padding=1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the input maps with the new maps appended."""
        inner = self.conv1(F.relu(self.norm1(maps)))
        new = self.conv2(F.relu(self.norm2(inner)))
        return torch.cat([maps, new], dim=1)


class DenseNet(Backbone):
    """A stem, dense blocks with transitions between them, a norm; features are the mean.

    Args:
        config: Sizes.
        stem: First layers by name; they become `features.conv0` and so on.
        last_norm: Name of the last norm, which differs between published weights.
    """

    def __init__(
        self, config: DenseNetConfig, stem: OrderedDict[str, nn.Module], last_norm: str
    ) -> None:
        super().__init__()
        self.channels = config.channels
        self.size_px = config.size_px
        self.num_blocks = len(config.layers)
        self.last_norm = last_norm
        width = config.initial_channels
        parts = OrderedDict(stem)
        for block, num_layers in enumerate(config.layers, start=1):
            parts[f"denseblock{block}"] = _block(width, config.growth, num_layers)
            width += num_layers * config.growth
            if block < self.num_blocks:
                parts[f"transition{block}"] = _transition(width)
                width //= 2
        parts[last_norm] = nn.BatchNorm2d(width)
        self.features = nn.Sequential(parts)
        self.feature_dim = config.feature_dim
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, D)."""
        check_crops(self, crops)
        maps = F.relu(self.features(crops))
        return maps.mean(dim=(2, 3))

    def stages(self) -> Stages:
        """Return the layers in order, each dense block merged with its transition."""
        blocks = [
            (f"features.denseblock{block}", f"features.transition{block}")
            for block in range(1, self.num_blocks + 1)
        ]
        last = (f"features.{self.last_norm}",)
        return (("features.conv0", "features.norm0"), *blocks, last)


def imagenet_densenet(config: DenseNetConfig) -> DenseNet:
    """Build a DenseNet whose stem divides the side by 4, as torchvision's do."""
    width = config.initial_channels
    stem: OrderedDict[str, nn.Module] = OrderedDict(
        conv0=nn.Conv2d(config.channels, width, 7, stride=2, padding=3, bias=False),
        norm0=nn.BatchNorm2d(width),
        relu0=nn.ReLU(),
        pool0=nn.MaxPool2d(3, stride=2, padding=1),
    )
    return DenseNet(config, stem, last_norm=f"norm{len(config.layers) + 1}")


def small_densenet(config: DenseNetConfig) -> DenseNet:
    """Build a DenseNet for small crops: its stem is one 3x3 convolution of stride 2.

    Source:
        The FER+ and AffectNet feature net in the public code of the ABAW4 winners' ABAW3
        entry (arXiv 2203.13032), whose parameter names these are.
    """
    stem: OrderedDict[str, nn.Module] = OrderedDict(
        conv0=nn.Conv2d(
            config.channels, config.initial_channels, 3, stride=2, padding=1, bias=False
        )
    )
    return DenseNet(config, stem, last_norm=f"norm{len(config.layers)}")


def _block(in_channels: int, growth: int, num_layers: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            (f"denselayer{index + 1}", DenseLayer(in_channels + index * growth, growth))
            for index in range(num_layers)
        )
    )


def _transition(in_channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(in_channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )
