"""Backbones as feature sets: the torch behind `extract --features NAME`.

Symbols: N faces, S side of the crop, C channels, D features.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.export.backbone import (
    LARGEST_ERROR,
    backbone_error,
    check_backbone,
    exported,
)
from wildaffect.features.sets import FeatureSet, ToFeatures, embed_with
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device, Network, supports_bf16
from wildaffect.training.images.start import find_weights

Precision = Literal["auto", "f32", "bf16"]


def backbone_sets(
    names: Sequence[str], device: Device, *, precision: Precision, on_cuda: bool
) -> list[FeatureSet]:
    """Return a feature set per backbone, named after the weights or the run's folder.

    Args:
        names: Imported weights, or folders of runs.
        device: Where the runtime runs them.
        precision: Of the runtime; `auto` takes bf16 where it is there and close enough.
        on_cuda: Run them in torch on a GPU in place of the runtime.

    Raises:
        BadWeights: If there are no such weights, or they were altered.
        BadArtefact: If the runtime's features are not those of torch.
        UsageError: If bf16 or a GPU is asked for and not there.
    """
    sets = [_set(name, device, precision, on_cuda=on_cuda) for name in names]
    known = [one.name for one in sets]
    if len(set(known)) != len(known):
        raise UsageError(
            f"features: backbones must have names of their own, got {', '.join(known)}; "
            "rename a run's folder"
        )
    return sets


def _set(name: str, device: Device, precision: Precision, *, on_cuda: bool) -> FeatureSet:
    loaded = find_weights(name)
    manifest = loaded.manifest
    to_features = (
        _torch_features(loaded) if on_cuda else _runtime_features(loaded, device, precision)
    )
    return FeatureSet(
        name=Path(name).resolve().name if Path(name).is_dir() else manifest.name,
        columns=tuple(f"f{index:04d}" for index in range(manifest.feature_dim)),
        embed=embed_with(to_features, manifest.preprocess),
        weights_sha256=manifest.sha256,
        preprocess=manifest.preprocess,
    )


def _runtime_features(
    loaded: LoadedBackbone, device: Device, precision: Precision
) -> ToFeatures:
    onnx = exported(loaded)
    chosen = _in_precision(loaded, onnx, device, precision)
    network = Network(onnx, device=chosen)
    return lambda crops: network(crops)[0]


def _in_precision(
    loaded: LoadedBackbone, onnx: bytes, device: Device, precision: Precision
) -> Device:
    """Return the device in the precision that was asked for, with its parity proven."""
    if precision == "bf16" and not supports_bf16(device.name):
        raise UsageError(
            f"--precision bf16: {device.name} must have it, got a processor without; use "
            "f32 or auto"
        )
    plain, short = replace(device, precision="f32"), replace(device, precision="bf16")
    check_backbone(loaded.backbone, onnx, plain)
    if precision == "bf16":
        check_backbone(loaded.backbone, onnx, short)
        return short
    if precision == "auto" and supports_bf16(device.name):
        error = backbone_error(loaded.backbone, onnx, short)
        return short if error <= LARGEST_ERROR["bf16"] else plain
    return plain


def _torch_features(loaded: LoadedBackbone) -> ToFeatures:
    if not torch.cuda.is_available():
        raise UsageError("--device cuda: a GPU must be there, got none; use CPU")
    backbone = loaded.backbone.to(device="cuda").to(memory_format=torch.channels_last)

    def to_features(crops: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            made: torch.Tensor = backbone(torch.from_numpy(crops).to("cuda"))
        return made.float().cpu().numpy()

    return to_features
