"""Augmentation of crops: sampled per step, applied to a batch.

Symbols: B crops, C channels, S side in pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from wildaffect.training.images.augment_config import AugmentConfig

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in gray, ITU-R BT.601."""
_BLUR_SIGMA = 0.08
"""Maximum blur, relative to an eighth of the crop's side: about 1.1 px at 112 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Augmentation parameters of B crops."""

    affine: NDArray[np.float32]
    """Maps coordinates of the new crop to the old crop, both in [-1, 1], (B, 2, 3)."""
    gains: NDArray[np.float32]
    """Brightness, contrast and saturation, 1 for none, shape (B, 3)."""
    blurred: NDArray[np.bool_]
    """Shape (B,)."""
    hidden: NDArray[np.float32]
    """Left, top, right, bottom of the erased rectangle, relative to the side, (B, 4)."""

    def share(self, first: int, step: int) -> "Changes":
        """Return the parameters of every `step`-th crop, starting at `first`."""
        return Changes(
            **{name: getattr(self, name)[first::step] for name in self.__slots__}
        )


def draw_changes(
    config: AugmentConfig, num_crops: int, rng: np.random.Generator
) -> Changes:
    """Sample the augmentation of a batch."""
    return Changes(
        affine=_draw_affine(config, num_crops, rng),
        gains=_draw_gains(config, num_crops, rng),
        blurred=rng.random(num_crops) < config.blur_probability,
        hidden=_draw_hidden(config, num_crops, rng),
    )


def apply_changes(crops: Tensor, changes: Changes) -> Tensor:
    """Return augmented crops of the same shape and range.

    Args:
        crops: Values in [0, 1], shape (B, C, S, S); three channels are red, green, blue in
            this or the other order.
        changes: Augmentation parameters of these crops.
    """
    affine = torch.from_numpy(changes.affine).to(crops.device)
    # float() keeps the grid exact under autocast.
    grid = F.affine_grid(affine, list(crops.shape), align_corners=False)
    moved = F.grid_sample(crops, grid, padding_mode="border", align_corners=False)
    colored = _recolor(moved, torch.from_numpy(changes.gains).to(crops.device))
    # Only selected crops: few are blurred or erased.
    for rows in _rows(changes.blurred, crops.device):
        colored[rows] = _blur(colored[rows])
    is_hidden = np.all(changes.hidden[:, 2:] > changes.hidden[:, :2], axis=1)
    for rows in _rows(is_hidden, crops.device):
        hidden = torch.from_numpy(changes.hidden[is_hidden]).to(crops.device)
        colored[rows] = _hide(colored[rows], hidden)
    return colored


def _rows(chosen: ArrayLike, device: torch.device) -> Iterator[Tensor]:
    """Yield the indices of the selected crops, if there are any."""
    if np.any(chosen):
        yield torch.from_numpy(np.flatnonzero(chosen)).to(device)


def _draw_affine(
    config: AugmentConfig, num: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    angle = np.deg2rad(rng.uniform(-config.rotation_deg, config.rotation_deg, num))
    low, high = np.log(config.scale)
    inverse = np.exp(-rng.uniform(low, high, num))
    mirror = np.where(rng.random(num) < config.flip_probability, -1.0, 1.0)
    shift = 2 * rng.uniform(-config.shift, config.shift, (num, 2))
    cos, sin = inverse * np.cos(angle), inverse * np.sin(angle)
    affine = np.empty((num, 2, 3))
    affine[:, 0] = np.stack([mirror * cos, -mirror * sin, shift[:, 0]], 1)
    affine[:, 1] = np.stack([sin, cos, shift[:, 1]], 1)
    return affine.astype(np.float32)


def _draw_gains(
    config: AugmentConfig, num: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    width = np.array([config.brightness, config.contrast, config.saturation])
    gains = 1 + width * rng.uniform(-1, 1, (num, 3))
    gains[rng.random(num) < config.gray_probability, 2] = 0
    return gains.astype(np.float32)


def _draw_hidden(
    config: AugmentConfig, num: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    size = config.erase_side * rng.uniform(0.3, 1.0, (num, 2))
    size *= (rng.random(num) < config.erase_probability)[:, None]
    corner = rng.random((num, 2)) * (1 - size)
    return np.concatenate([corner, corner + size], 1).astype(np.float32)


def _recolor(crops: Tensor, gains: Tensor) -> Tensor:
    brightness, contrast, saturation = gains.view(-1, 3, 1, 1, 1).unbind(1)
    lit = crops * brightness
    mean = lit.mean(dim=(1, 2, 3), keepdim=True)
    lit = mean + contrast * (lit - mean)
    if crops.shape[1] == 3:
        # Green has the same weight in both orders; red and blue differ negligibly.
        weights = torch.tensor(_LUMA, device=crops.device).view(1, 3, 1, 1)
        gray = (lit * weights).sum(1, keepdim=True)
        lit = gray + saturation * (lit - gray)
    return lit.clamp(0, 1)


def _blur(crops: Tensor) -> Tensor:
    """Return crops blurred by a Gaussian whose width is relative to their side."""
    sigma = max(0.5, _BLUR_SIGMA * crops.shape[-1] / 8)
    radius = max(1, round(2 * sigma))
    places = torch.arange(-radius, radius + 1, device=crops.device, dtype=crops.dtype)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = crops.shape[1]
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    padded = F.pad(crops, (radius, radius, radius, radius), mode="replicate")
    rows = F.conv2d(padded, across, groups=channels)
    return F.conv2d(rows, across.transpose(2, 3), groups=channels)


def _hide(crops: Tensor, hidden: Tensor) -> Tensor:
    """Fill the rectangle of each crop with that crop's mean color."""
    size = crops.shape[-1]
    center = (torch.arange(size, device=crops.device) + 0.5) / size
    left, top, right, bottom = hidden.unsqueeze(2).unbind(1)  # (B, 1) each
    inside_x = (center >= left) & (center < right)  # (B, S)
    inside_y = (center >= top) & (center < bottom)
    inside = (inside_y.unsqueeze(2) & inside_x.unsqueeze(1)).unsqueeze(1)  # (B, 1, S, S)
    return torch.where(inside, crops.mean(dim=(2, 3), keepdim=True), crops)
