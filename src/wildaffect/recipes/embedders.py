"""Backbones as feature sets, for `extract --feature-sets NAME`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.core.faces import FaceObservation
from wildaffect.export.backbone import (
    LARGEST_ERROR,
    check_backbone,
    exported,
    runtime_error,
)
from wildaffect.faces.crop import normalize
from wildaffect.features.embedding import Embedder
from wildaffect.features.sets import Embed, FeatureSet
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device, supports_bf16
from wildaffect.training.images.start import find_weights

Precision = Literal["auto", "f32", "bf16"]


def backbone_sets(
    names: Sequence[str], device: Device, *, precision: Precision, on_cuda: bool
) -> list[FeatureSet]:
    """Return a feature set per backbone, named after the weights or the run's folder.

    Args:
        names: Imported weights, or folders of runs.
        device: Device of the runtime.
        precision: Precision of the runtime; `auto` uses bf16 if supported and accurate.
        on_cuda: Run them in torch on a GPU instead of the runtime.

    Raises:
        BadWeights: If there are no such weights, or they were modified.
        BadArtifact: If the runtime's features differ from torch.
        UsageError: If bf16 or a GPU is requested but not available.
    """
    sets = [_set(name, device, precision, on_cuda=on_cuda) for name in names]
    known = [image_set.name for image_set in sets]
    if len(set(known)) != len(known):
        raise UsageError(
            f"features: names of backbones must be unique, got {', '.join(known)}; rename "
            "the folder of a run"
        )
    return sets


def _set(name: str, device: Device, precision: Precision, *, on_cuda: bool) -> FeatureSet:
    loaded = find_weights(name)
    manifest = loaded.manifest
    return FeatureSet(
        name=Path(name).resolve().name if Path(name).is_dir() else manifest.name,
        columns=tuple(f"f{index:04d}" for index in range(manifest.feature_dim)),
        start=_on_cuda(name) if on_cuda else _in_runtime(loaded, device, precision),
        weights_sha256=manifest.sha256,
        preprocess=manifest.preprocess,
    )


def _in_runtime(
    loaded: LoadedBackbone, device: Device, precision: Precision
) -> Callable[[], Embed]:
    """Return a factory of the compiled network, which needs no torch in any process."""
    onnx = exported(loaded)
    chosen = _in_precision(loaded, onnx, device, precision)
    return partial(Embedder, onnx, loaded.manifest.preprocess, chosen)


def _in_precision(
    loaded: LoadedBackbone, onnx: bytes, device: Device, precision: Precision
) -> Device:
    """Return the device with the requested precision, after a parity check."""
    if precision == "bf16" and not supports_bf16(device.name):
        raise UsageError(
            f"precision: bf16 is not supported by {device.name}; use f32 or auto"
        )
    plain, short = replace(device, precision="f32"), replace(device, precision="bf16")
    check_backbone(loaded, onnx, plain)
    if precision == "bf16":
        check_backbone(loaded, onnx, short)
        return short
    if precision == "auto" and supports_bf16(device.name):
        error = runtime_error(loaded, onnx, short)
        return short if error <= LARGEST_ERROR["bf16"] else plain
    return plain


def _on_cuda(name: str) -> Callable[[], Embed]:
    if not torch.cuda.is_available():
        raise UsageError("device: no GPU found for cuda; use cpu")
    # other processes may have another working directory
    return partial(torch_embed, str(Path(name).resolve()) if Path(name).is_dir() else name)


def torch_embed(name: str, device: str = "cuda") -> Embed:
    """Return a function that computes features in torch, in bfloat16, on a GPU.

    Raises:
        BadWeights: If there are no such weights, or they were modified.
    """
    loaded = find_weights(name)
    preprocess = loaded.manifest.preprocess
    backbone = loaded.backbone.to(device=device).to(memory_format=torch.channels_last)

    def embed(faces: Sequence[FaceObservation]) -> NDArray[np.float32]:
        crops = normalize(np.stack([face.crops[0] for face in faces]), preprocess)
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16):
            made: torch.Tensor = backbone(torch.from_numpy(crops).to(device))
        return made.float().cpu().numpy()

    return embed
