"""Features of networks that are not trained further, and what an autoencoder guesses."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor

from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.vit import ClassTokenViT
from wildaffect.models.pretraining.catalog import build_mae
from wildaffect.models.pretraining.mae import draw_noise
from wildaffect.models.pretraining.patches import reconstruct, to_pixels
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.runs import Run
from wildaffect.training.images.crops import CropReader, normalizer, unit_crops
from wildaffect.training.images.start import find_weights

CPU = torch.device("cpu")
Features = Callable[[Tensor], Tensor]
GRID = 4


def pools(width: int) -> dict[str, slice]:
    """Return the columns of each pooling of features of `width` columns."""
    dim = width // (2 + GRID**2)
    return {
        "class token": slice(0, dim),
        "mean of patches": slice(dim, 2 * dim),
        f"means of {GRID} x {GRID} squares": slice(2 * dim, width),
    }


def pretrained(run: Path) -> Features:
    """Return the features of a finished run of pre-training."""
    return _features_of(find_weights(str(run)).backbone)


def untrained(network: str, seed: int) -> Features:
    """Return the features of a network whose weights are as they were drawn."""
    torch.manual_seed(seed)
    return _features_of(backbone_spec(network).build())


def small_picture(crops: Tensor) -> Tensor:
    """Return the pixels of the crop at a quarter of its side."""
    return F.avg_pool2d(crops, 4).flatten(1)


def _features_of(network: torch.nn.Module) -> Features:
    """Return what gives all poolings side by side, at the columns that `pools` says."""
    if not isinstance(network, ClassTokenViT):
        raise TypeError(f"network must have a class token, got {type(network).__name__}")
    network.eval()
    side = network.config.grid

    def features(crops: Tensor) -> Tensor:
        tokens = network.encode(network.embed(crops))
        patches = tokens[:, 1:]
        squares = F.adaptive_avg_pool2d(
            patches.transpose(1, 2).unflatten(2, (side, side)), GRID
        )  # (B, D, GRID, GRID)
        pooled = [tokens[:, 0], patches.mean(1), *squares.flatten(2).unbind(2)]
        return torch.cat([network.norm(item) for item in pooled], 1)

    return features


def draw_strip(name: str, run: Path, faces: Sequence[Path], picture: Path) -> None:
    """Draw faces, what the autoencoder saw of them, and its guess, one below the other."""
    mae, preprocess = build_mae(name), backbone_spec(name).preprocess
    mae.load_state_dict(load_weights(Run(run).weights))
    mae.eval()
    (decoded,) = CropReader(faces, preprocess).batches([np.arange(len(faces))])
    crops = normalizer(preprocess, CPU)(unit_crops(decoded.pixels, CPU))
    noise = draw_noise(len(crops), mae.num_patches, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        _, pred, mask = mae(crops, noise)
    made = reconstruct(crops, pred, mask, patch_px=mae.patch_px)
    rows = [np.concatenate(to_pixels(crop, preprocess), 1) for crop in (crops, *made)]
    strip = np.concatenate(rows)[..., ::-1]
    cv2.imwrite(str(picture), strip, [cv2.IMWRITE_JPEG_QUALITY, 90])
