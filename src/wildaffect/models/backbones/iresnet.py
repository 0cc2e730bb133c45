"""Residual networks of face recognition, with the names of the ArcFace reference.

Symbols: B batch, S side of the crop, D features.

Source: J. Deng et al., "ArcFace: additive angular margin loss for deep face recognition",
arXiv 1801.07698 (the improved residual unit BN-Conv-BN-PReLU-Conv-BN, and BN-Dropout-FC-BN
as the last layers); parameter names, depths and initial values as in its released code.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.backbones.backbone import Backbone, Stages, check_crops

SHRINKS = 16
"""Total stride: four stages with stride 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IResNetConfig(Config):
    """Sizes of an IResNet."""

    units: tuple[int, int, int, int]
    """Residual units per stage."""
    width: int = 64
    """Channels of the first stage; each later stage has twice as many as its
    predecessor."""
    size_px: int = 112
    feature_dim: int = 512
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.size_px % SHRINKS:
            raise ValueError(
                f"iresnet: size_px must be a multiple of {SHRINKS}, got {self.size_px}"
            )


class ResidualUnit(nn.Module):
    """BN-Conv-BN-PReLU-Conv-BN beside a shortcut; the second convolution may stride."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.prelu = nn.PReLU(out_channels)
        self.conv2 = nn.Conv2d(
            out_channels, out_channels, 3, stride=stride, padding=1, bias=False
        )
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = (
            nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
            if stride != 1 or in_channels != out_channels
            else nn.Identity()
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of half the side where the unit strides."""
        branch = self.prelu(self.bn2(self.conv1(self.bn1(maps))))
        branch = self.bn3(self.conv2(branch))
        return branch + self.downsample(maps)


class IResNet(Backbone):
    """An IResNet whose last batch norm outputs the features.

    The scale of that norm is fixed at 1 and not trained, as in the reference.
    """

    def __init__(self, config: IResNetConfig) -> None:
        super().__init__()
        self.channels = 3
        self.size_px = config.size_px
        self.feature_dim = config.feature_dim
        self.units = config.units
        widths = [config.width * 2**stage for stage in range(4)]
        self.conv1 = nn.Conv2d(3, config.width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(config.width)
        self.prelu = nn.PReLU(config.width)
        self.layer1 = _stage(config.width, widths[0], config.units[0])
        self.layer2 = _stage(widths[0], widths[1], config.units[1])
        self.layer3 = _stage(widths[1], widths[2], config.units[2])
        self.layer4 = _stage(widths[2], widths[3], config.units[3])
        self.bn2 = nn.BatchNorm2d(widths[3])
        self.dropout = nn.Dropout(config.dropout)
        side = config.size_px // SHRINKS
        self.fc = nn.Linear(widths[3] * side**2, config.feature_dim)
        self.features = nn.BatchNorm1d(config.feature_dim)
        self.features.weight.requires_grad = False
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.1)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, D)."""
        check_crops(self, crops)
        maps = self.prelu(self.bn1(self.conv1(crops)))  # (B, width, S, S)
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        flat = self.dropout(self.bn2(maps).flatten(1))  # (B, 8 * width * (S / 16)^2)
        return self.features(self.fc(flat))

    def stages(self) -> Stages:
        """Return the layers in order."""
        units = [
            (f"layer{stage}.{unit}",)
            for stage, num_units in enumerate(self.units, start=1)
            for unit in range(num_units)
        ]
        return (("conv1", "bn1", "prelu"), *units, ("bn2", "fc", "features"))


def _stage(in_channels: int, out_channels: int, num_units: int) -> nn.Sequential:
    rest = [ResidualUnit(out_channels, out_channels, 1) for _ in range(num_units - 1)]
    return nn.Sequential(ResidualUnit(in_channels, out_channels, 2), *rest)
