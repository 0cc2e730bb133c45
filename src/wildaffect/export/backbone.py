"""A backbone as ONNX, for the runtime that analysis and extraction share.

Symbols: B crops, C channels, S side in pixels, D features.
"""

import contextlib
import warnings
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtefact
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device, Network

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
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    with contextlib.suppress(PermissionError):
        part.write_bytes(onnx)
        part.replace(path)
    return onnx


def backbone_to_onnx(backbone: Backbone) -> bytes:
    """Return a network `crops` (B, C, S, S) -> `features` (B, D), B left open."""
    example = torch.from_numpy(_crops(backbone, 2))
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
        raise BadArtefact(f"export: {type(backbone).__name__} must give a file, got none")
    return program.model_proto.SerializeToString()


def backbone_error(backbone: Backbone, onnx: bytes, device: Device) -> float:
    """Return how far the runtime's features are from torch's, over their length.

    The worst of a few smooth random crops, in batches of 1 and 3.
    """
    network = Network(onnx, device=device)
    worst = 0.0
    was_training = backbone.training
    backbone.eval()
    for num in (1, 3):
        crops = _crops(backbone, num)
        with torch.no_grad():
            wanted = backbone(torch.from_numpy(crops)).numpy()
        error = np.linalg.norm(network(crops)[0] - wanted, axis=1)
        worst = max(worst, float((error / np.linalg.norm(wanted, axis=1)).max()))
    backbone.train(was_training)
    return worst


def check_backbone(backbone: Backbone, onnx: bytes, device: Device) -> float:
    """Return the error, or refuse a file that is another network.

    Raises:
        BadArtefact: If it is above what `LARGEST_ERROR` allows for the precision.
    """
    error = backbone_error(backbone, onnx, device)
    limit = LARGEST_ERROR[device.precision]
    if not error <= limit:
        raise BadArtefact(
            f"export: features of the exported {type(backbone).__name__} must be within "
            f"{limit:g} of the model's in {device.precision}, got {error:g}"
        )
    return error


def _crops(backbone: Backbone, num: int) -> NDArray[np.float32]:
    """Return random blobs of the size of a crop, normalised as crops are, about."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(num, backbone.channels, 8, 8)).astype(np.float32)
    size = (backbone.size_px, backbone.size_px)
    smooth = torch.nn.functional.interpolate(
        torch.from_numpy(coarse), size, mode="bicubic", align_corners=False
    )
    return smooth.numpy()
