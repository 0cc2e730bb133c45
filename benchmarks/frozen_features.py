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
from wildaffect.models.pretraining.catalogue import build_mae
from wildaffect.models.pretraining.mae import draw_noise
from wildaffect.models.pretraining.patches import reconstruct, to_pixels
from wildaffect.training.checkpoint import load_weights
from wildaffect.training.images.crops import CropReader, normaliser, unit_crops
from wildaffect.training.images.start import find_weights
from wildaffect.training.runs import Run

CPU = torch.device("cpu")
Features = Callable[[Tensor], Tensor]


def pretrained(run: Path) -> Features:
    """Return the features of a finished run of pre-training."""
    return _features_of(find_weights(str(run)).backbone)


def untrained(network: str, seed: int) -> Features:
    """Return the features of a network whose weights are as they were drawn."""
    torch.manual_seed(seed)
    return _features_of(backbone_spec(network).build())


def _features_of(network: torch.nn.Module) -> Features:
    """Return what gives the class token and the mean patch token, both normalised."""
    if not isinstance(network, ClassTokenViT):
        raise TypeError(f"network must have a class token, got {type(network).__name__}")
    network.eval()

    def features(crops: Tensor) -> Tensor:
        tokens = network.encode(network.embed(crops))
        pooled = [tokens[:, 0], tokens[:, 1:].mean(1)]
        return torch.cat([network.norm(one) for one in pooled], 1)

    return features


def small_picture(crops: Tensor) -> Tensor:
    """Return the pixels of the crop at a quarter of its side, twice, as two poolings."""
    pixels = F.avg_pool2d(crops, 4).flatten(1)
    return torch.cat([pixels, pixels], 1)


def draw_strip(name: str, run: Path, faces: Sequence[Path], picture: Path) -> None:
    """Draw faces, what the autoencoder saw of them, and its guess, one below the other."""
    mae, preprocess = build_mae(name), backbone_spec(name).preprocess
    mae.load_state_dict(load_weights(Run(run).weights))
    mae.eval()
    (decoded,) = CropReader(faces, preprocess).batches([np.arange(len(faces))])
    crops = normaliser(preprocess, CPU)(unit_crops(decoded.pixels, CPU))
    noise = draw_noise(len(crops), mae.num_patches, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        _, pred, mask = mae(crops, noise)
    made = reconstruct(crops, pred, mask, patch_px=mae.patch_px)
    rows = [np.concatenate(to_pixels(one, preprocess), 1) for one in (crops, *made)]
    strip = np.concatenate(rows)[..., ::-1]
    cv2.imwrite(str(picture), strip, [cv2.IMWRITE_JPEG_QUALITY, 90])
