"""Export of backbones to ONNX, for the runtime of analysis and extraction.

Symbols: B crops, C channels, S side in pixels, D features.
"""

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

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
"""Maps uint8 crops (S, S, C) to features (N, D)."""
LARGEST_ERROR = {"f32": 1e-3, "bf16": 0.05}
"""Maximum relative error of features against torch, by precision of the runtime. Bfloat16
has 8 bits; 50 layers of random weights lose 1 to 3 % with it."""


def backbone_to_onnx(backbone: Backbone) -> bytes:
    """Return an ONNX network `crops` (B, C, S, S) -> `features` (B, D) with dynamic B."""
    example = torch.zeros(2, backbone.channels, backbone.size_px, backbone.size_px)
    was_training = backbone.training
    backbone.eval()
    try:
        return to_onnx(backbone, example, {0: torch.export.Dim("batch")})
    finally:
        backbone.train(was_training)


def to_onnx(
    network: torch.nn.Module, example: torch.Tensor, dynamic: dict[int, Any] | None
) -> bytes:
    """Return a network in evaluation mode as ONNX, `crops` -> `features`.

    Args:
        network: The network.
        example: Input.
        dynamic: Dynamic axes of the input.

    Raises:
        BadArtifact: If torch exports no file.
    """
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):  # raised by torch itself
            warnings.simplefilter("ignore", category)
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["crops"],
            output_names=["features"],
            dynamic_shapes=(dynamic,),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise BadArtifact(f"export: torch exported no file for {type(network).__name__}")
    return program.model_proto.SerializeToString()


def exported(
    loaded: LoadedBackbone, export: Callable[[Backbone], bytes] = backbone_to_onnx
) -> bytes:
    """Return a backbone as ONNX, cached next to its weights.

    Without write permission there, it is exported each time.

    Args:
        loaded: The backbone.
        export: Function that exports it.
    """
    path = loaded.folder / f"{loaded.manifest.sha256[:16]}.onnx"
    if path.is_file():
        return path.read_bytes()
    onnx = export(loaded.backbone)
    with contextlib.suppress(PermissionError):
        write_whole(path, onnx)
    return onnx


def backbone_error(backbone: Backbone, embed: Embed, preprocess: Preprocess) -> float:
    """Return the relative error of features against torch.

    Args:
        backbone: Reference in torch.
        embed: Function under test: crops (S, S, C) to features (N, D).
        preprocess: Preprocessing of the backbone.

    Returns:
        The maximum over a few smooth random crops, one and three at a time.
    """
    worst = 0.0
    was_training = backbone.training
    backbone.eval()
    in_torch = embed_in_torch(backbone, preprocess)
    for num in (1, 3):
        crops = random_crops(backbone, num)
        wanted = in_torch(list(crops))
        error = np.linalg.norm(embed(list(crops)) - wanted, axis=1)
        worst = max(worst, float((error / np.linalg.norm(wanted, axis=1)).max()))
    backbone.train(was_training)
    return worst


def embed_in_torch(backbone: Backbone, preprocess: Preprocess) -> Embed:
    """Return a function that embeds crops in torch, in the current mode of the model."""

    def embed(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode():
            pixels = torch.from_numpy(normalize(np.stack(crops), preprocess))
            return backbone(pixels).numpy()

    return embed


def runtime_error(loaded: LoadedBackbone, onnx: bytes, device: Device) -> float:
    """Return the relative error of an ONNX file's features against the model."""
    preprocess = loaded.manifest.preprocess
    embed = Embedder(onnx, preprocess, device).embed
    return backbone_error(loaded.backbone, embed, preprocess)


def check_backbone(loaded: LoadedBackbone, onnx: bytes, device: Device) -> float:
    """Return the relative error of an ONNX file, after checking it.

    Raises:
        BadArtifact: If it exceeds `LARGEST_ERROR` of the precision.
    """
    error = runtime_error(loaded, onnx, device)
    check_error(error, loaded.backbone, device)
    return error


def check_error(error: float, backbone: Backbone, device: Device) -> None:
    """Check the relative error of a network against torch.

    Raises:
        BadArtifact: If it exceeds `LARGEST_ERROR` of the precision.
    """
    limit = LARGEST_ERROR[device.precision]
    if not error <= limit:
        raise BadArtifact(
            f"export: features of the exported {type(backbone).__name__} must be within "
            f"{limit:g} of the model's in {device.precision}, got {error:g}"
        )


def random_crops(backbone: Backbone, num: int) -> NDArray[np.uint8]:
    """Return random blobs of the size of crops, shape (num, S, S, C)."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(num, backbone.channels, 8, 8)).astype(np.float32)
    size = (backbone.size_px, backbone.size_px)
    smooth = torch.nn.functional.interpolate(
        torch.from_numpy(coarse), size, mode="bicubic", align_corners=False
    )
    pixels = np.clip(127.5 + 50 * smooth.numpy(), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
