"""Base of backbones, which map normalized crops to features.

Symbols: B batch, T frames of a clip, C channels, S side of the crop in pixels, D features.
"""

from typing import TYPE_CHECKING, Protocol

from torch import Tensor, nn

Stages = tuple[tuple[str, ...], ...]
"""Prefixes of parameter names, one group per layer, from the input to the features."""


class Backbone(nn.Module):
    """A network `forward(crops (B, C, S, S)) -> features (B, feature_dim)`.

    Crops come from `faces.crop.normalize` with the `Preprocess` in the registry.
    """

    feature_dim: int
    channels: int
    size_px: int

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, feature_dim)."""
        raise NotImplementedError

    def stages(self) -> Stages:
        """Return the layers in order; each parameter belongs to one of them."""
        raise NotImplementedError

    if TYPE_CHECKING:  # nn.Module's own gives Any

        def __call__(self, crops: Tensor) -> Tensor:
            """See `forward`."""


class ClipBackbone(Backbone):
    """A network `forward(clips (B, T, C, S, S)) -> features (B, feature_dim)`."""

    num_frames: int
    """Number of frames of a clip, T."""


class ReadsCrops(Protocol):
    """A network that defines the shape of its crops."""

    channels: int
    size_px: int


def check_crops(network: ReadsCrops, crops: Tensor) -> None:
    """Check the size and the number of channels of crops.

    Raises:
        ValueError: If the shape is not (B, C, S, S) with the network's C and S.
    """
    expected = (network.channels, network.size_px, network.size_px)
    if crops.dim() != 4 or tuple(crops.shape[1:]) != expected:
        sides = ", ".join(map(str, expected))
        raise ValueError(
            f"{type(network).__name__}: crops must have shape (B, {sides}), "
            f"got {tuple(crops.shape)}; cut them with the network's Preprocess"
        )


def check_clips(network: ClipBackbone, clips: Tensor) -> None:
    """Check the number and size of the crops of clips.

    Raises:
        ValueError: If the shape is not (B, T, C, S, S) with the network's T, C and S.
    """
    side = network.size_px
    expected = (network.num_frames, network.channels, side, side)
    if clips.dim() != 5 or tuple(clips.shape[1:]) != expected:
        sides = ", ".join(map(str, expected))
        raise ValueError(
            f"{type(network).__name__}: clips must have shape (B, {sides}), "
            f"got {tuple(clips.shape)}; cut their crops with the network's Preprocess"
        )
