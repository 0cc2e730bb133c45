"""Conversion between crops and patches, and pictures of reconstructions.

Symbols: B batch, C channels, S side of the crop, P side of a patch, L = (S / P)^2 patches.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wildaffect.core.preprocess import Preprocess

VARIANCE_EPS = 1e-6


def patchify(crops: Tensor, patch_px: int) -> Tensor:
    """Return crops (B, C, S, S) as patches (B, L, P * P * C), channels last in each."""
    grid = crops.shape[2] // patch_px
    cut = crops.unflatten(3, (grid, patch_px)).unflatten(2, (grid, patch_px))
    return cut.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)  # from (B, C, h, P, w, P)


def unpatchify(patches: Tensor, patch_px: int, channels: int) -> Tensor:
    """Undo `patchify`: patches (B, L, P * P * C) to crops (B, C, S, S)."""
    grid = round(patches.shape[1] ** 0.5)
    cut = patches.unflatten(2, (patch_px, patch_px, channels)).unflatten(1, (grid, grid))
    return cut.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)  # from (B, h, w, P, P, C)


def patch_statistics(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation per patch, shape (B, L, 1); unbiased variance."""
    mean = patches.mean(dim=2, keepdim=True)
    variance = patches.var(dim=2, keepdim=True)
    return mean, (variance + VARIANCE_EPS).sqrt()


def normalize_patches(patches: Tensor) -> Tensor:
    """Standardize each patch (B, L, N).

    Source:
        arXiv 2111.06377, section 4.1, reconstruction target (w/ norm).
    """
    mean, deviation = patch_statistics(patches)
    return (patches - mean) / deviation


class Reconstruction(NamedTuple):
    """Normalized crops (B, C, S, S) for display."""

    masked: Tensor
    """Crops with masked patches set to 0, the mean color."""
    painted: Tensor
    """Crops with masked patches replaced by their prediction."""


def reconstruct(
    crops: Tensor, pred: Tensor, mask: Tensor, *, patch_px: int
) -> Reconstruction:
    """Return the masked crops and their reconstruction.

    Predictions are standardized per patch; the true mean and standard deviation are
    restored, so that the picture reveals masked colors but not masked structure.

    Args:
        crops: Input of the autoencoder, shape (B, C, S, S).
        pred: Its prediction, shape (B, L, P * P * C).
        mask: True for masked patches, shape (B, L).
        patch_px: Side of a patch.
    """
    true = patchify(crops, patch_px)
    mean, deviation = patch_statistics(true)
    hidden = mask.unsqueeze(2)
    masked = true.masked_fill(hidden, 0)
    painted = torch.where(hidden, pred.to(true.dtype) * deviation + mean, true)
    channels = crops.shape[1]
    return Reconstruction(
        unpatchify(masked, patch_px, channels), unpatchify(painted, patch_px, channels)
    )


def to_pixels(crops: Tensor, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Undo `faces.crop.normalize`: crops (B, C, S, S) to RGB pixels (B, S, S, 3)."""
    mean = torch.tensor(preprocess.mean).view(-1, 1, 1)
    std = torch.tensor(preprocess.std).view(-1, 1, 1)
    pixels = crops.detach().float().cpu() * std + mean
    rounded = (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    rgb = rounded.flip(3) if preprocess.channels == "bgr" else rounded
    return rgb.expand(-1, -1, -1, 3).numpy()


def picture_sheet(
    crops: Tensor, reconstruction: Reconstruction, preprocess: Preprocess
) -> NDArray[np.uint8]:
    """Return an RGB picture (B * S, 3 * S, 3): crop, masked crop, reconstruction."""
    columns = [to_pixels(c, preprocess) for c in (crops, *reconstruction)]
    return np.concatenate([np.concatenate(column) for column in columns], axis=1)
