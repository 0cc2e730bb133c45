"""A backbone as ONNX, for the runtime that analysis and extraction share.

Symbols: B crops, C channels, S side in pixels, D features.
"""

import contextlib
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact
from wildaffect.core.files import write_whole
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import normalize
from wildaffect.features.embedding import Embedder
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]
"""Crops (S, S, C) as they are cut -> features (N, D)."""
LARGEST_ERROR = {"f32": 1e-3, "bf16": 0.05}
"""Distance of features from torch's over their length, at most, by precision of the
runtime. Bfloat16 keeps 8 bits; 50 layers of random weights lose 1 to 3 % with it."""


def exported(loaded: LoadedBackbone) -> bytes:
    """Return a backbone as ONNX, exported once and kept beside its weights.

    Where nothing can be written there, it is exported anew each time.
    """
    path = loaded.folder / f"{loaded.manifest.sha256[:16]}.onnx"
    if path.is_file():
        return path.read_bytes()
    onnx = backbone_to_onnx(loaded.backbone)
    with contextlib.suppress(PermissionError):
        write_whole(path, onnx)
    return onnx


def backbone_to_onnx(backbone: Backbone) -> bytes:
    """Return a network `crops` (B, C, S, S) -> `features` (B, D), B left open."""
    example = torch.zeros(2, backbone.channels, backbone.size_px, backbone.size_px)
    was_training = backbone.training
    backbone.eval()
    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, FutureWarning):  # torch's, of itself
                warnings.simplefilter("ignore", category)
            program = torch.onnx.export(
                backbone,
                (example,),
                input_names=["crops"],
                output_names=["features"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                dynamo=True,
                verbose=False,
            )
    finally:
        backbone.train(was_training)
    if program is None:
        raise BadArtifact(f"export: {type(backbone).__name__} must give a file, got none")
    return program.model_proto.SerializeToString()


def backbone_error(backbone: Backbone, embed: Embed, preprocess: Preprocess) -> float:
    """Return how far features of crops are from torch's, over their length.

    Args:
        backbone: What is right.
        embed: What is to give the same: crops (S, S, C) to features (N, D).
        preprocess: How crops become the backbone's input.

    Returns:
        The worst of a few smooth random crops, alone and in threes.
    """
    worst = 0.0
    was_training = backbone.training
    backbone.eval()
    in_torch = embed_in_torch(backbone, preprocess)
    for num in (1, 3):
        crops = _crops(backbone, num)
        wanted = in_torch(list(crops))
        error = np.linalg.norm(embed(list(crops)) - wanted, axis=1)
        worst = max(worst, float((error / np.linalg.norm(wanted, axis=1)).max()))
    backbone.train(was_training)
    return worst


def embed_in_torch(backbone: Backbone, preprocess: Preprocess) -> Embed:
    """Return what embeds crops with the model itself, in the mode that it is in."""

    def embed(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            pixels = torch.from_numpy(normalize(np.stack(crops), preprocess))
            return backbone(pixels).numpy()

    return embed


def runtime_error(loaded: LoadedBackbone, onnx: bytes, device: Device) -> float:
    """Return how far a file's features are from the model's, over their length."""
    preprocess = loaded.manifest.preprocess
    embed = Embedder(onnx, preprocess, device).embed
    return backbone_error(loaded.backbone, embed, preprocess)


def check_backbone(loaded: LoadedBackbone, onnx: bytes, device: Device) -> float:
    """Return that error, or refuse a file that is another network.

    Raises:
        BadArtifact: If it is above what `LARGEST_ERROR` allows for the precision.
    """
    error = runtime_error(loaded, onnx, device)
    check_error(error, loaded.backbone, device)
    return error


def check_error(error: float, backbone: Backbone, device: Device) -> None:
    """Refuse a network that is another one than torch's.

    Raises:
        BadArtifact: If its error is above what `LARGEST_ERROR` allows for the precision.
    """
    limit = LARGEST_ERROR[device.precision]
    if not error <= limit:
        raise BadArtifact(
            f"export: features of the exported {type(backbone).__name__} must be within "
            f"{limit:g} of the model's in {device.precision}, got {error:g}"
        )


def _crops(backbone: Backbone, num: int) -> NDArray[np.uint8]:
    """Return random blobs of the size of crops, shape (num, S, S, C)."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(num, backbone.channels, 8, 8)).astype(np.float32)
    size = (backbone.size_px, backbone.size_px)
    smooth = torch.nn.functional.interpolate(
        torch.from_numpy(coarse), size, mode="bicubic", align_corners=False
    )
    pixels = np.clip(127.5 + 50 * smooth.numpy(), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
