"""Backbones as feature sets, for `extract --feature-sets NAME`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.clips import DEFAULT_CLIPS, ClipOptions, ClipSampling
from wildaffect.core.errors import UsageError
from wildaffect.core.faces import FaceObservation
from wildaffect.export.backbone import (
    LARGEST_ERROR,
    check_error,
    exported,
    runtime_error,
)
from wildaffect.export.clip_backbone import (
    clip_backbone_to_onnx,
    clip_error,
    embed_clips_in_torch,
)
from wildaffect.faces.crop import normalize
from wildaffect.features.clip_sets import ClipSet, EmbedClips
from wildaffect.features.embedding import ClipEmbedder, Embedder
from wildaffect.features.sets import Embed, FeatureSet
from wildaffect.models.backbones.backbone import Backbone, ClipBackbone
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device, supports_bf16
from wildaffect.training.images.start import find_weights

Precision = Literal["auto", "f32", "bf16"]


def backbone_sets(
    names: Sequence[str],
    device: Device,
    *,
    precision: Precision,
    on_cuda: bool,
    clips: ClipOptions = DEFAULT_CLIPS,
) -> list[FeatureSet | ClipSet]:
    """Return a feature set per backbone, named after the weights or the run's folder.

    Args:
        names: Imported weights, or folders of runs.
        device: Device of the runtime.
        precision: Precision of the runtime; `auto` uses bf16 if supported and accurate.
        on_cuda: Run them in torch on a GPU instead of the runtime.
        clips: Sampling of the clips of video backbones.

    Raises:
        BadWeights: If there are no such weights, or they were modified.
        BadArtifact: If the runtime's features differ from torch.
        UsageError: If bf16 or a GPU is requested but not available, or a number of the
            sampling is out of range.
    """
    if on_cuda and not torch.cuda.is_available():
        raise UsageError("device: no GPU found for cuda; use cpu")
    sets = [_set(name, device, precision, on_cuda, clips) for name in names]
    known = [image_set.name for image_set in sets]
    if len(set(known)) != len(known):
        raise UsageError(
            f"features: names of backbones must be unique, got {', '.join(known)}; rename "
            "the folder of a run"
        )
    return sets


def _set(
    name: str, device: Device, precision: Precision, on_cuda: bool, clips: ClipOptions
) -> FeatureSet | ClipSet:
    loaded = find_weights(name)
    manifest = loaded.manifest
    shown = Path(name).resolve().name if Path(name).is_dir() else manifest.name
    columns = tuple(f"f{index:04d}" for index in range(manifest.feature_dim))
    # other processes may have another working directory
    found = str(Path(name).resolve()) if Path(name).is_dir() else name
    if isinstance(loaded.backbone, ClipBackbone):
        return ClipSet(
            name=shown,
            columns=columns,
            start=partial(torch_embed_clips, found)
            if on_cuda
            else _clips_in_runtime(loaded.backbone, loaded, device, precision),
            weights_sha256=manifest.sha256,
            preprocess=manifest.preprocess,
            sampling=_sampling(manifest.network, clips),
        )
    return FeatureSet(
        name=shown,
        columns=columns,
        start=partial(torch_embed, found)
        if on_cuda
        else _in_runtime(loaded, device, precision),
        weights_sha256=manifest.sha256,
        preprocess=manifest.preprocess,
    )


def _sampling(network: str, clips: ClipOptions) -> ClipSampling:
    trained_on = backbone_spec(network).clips
    if trained_on is None:
        raise UsageError(
            f"backbone {network!r}: its specification must have `clips`, as its network "
            "reads clips"
        )
    try:
        return clips.applied_to(trained_on)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _in_runtime(
    loaded: LoadedBackbone, device: Device, precision: Precision
) -> Callable[[], Embed]:
    """Return a factory of the compiled network, which needs no torch in any process."""
    onnx = exported(loaded)
    chosen = _in_precision(
        partial(runtime_error, loaded, onnx), loaded.backbone, device, precision
    )
    return partial(Embedder, onnx, loaded.manifest.preprocess, chosen)


def _clips_in_runtime(
    backbone: ClipBackbone, loaded: LoadedBackbone, device: Device, precision: Precision
) -> Callable[[], EmbedClips]:
    """Return a factory of the compiled network, as `_in_runtime`."""
    preprocess = loaded.manifest.preprocess
    onnx = exported(loaded, clip_backbone_to_onnx)

    def error_on(device: Device) -> float:
        embed = ClipEmbedder(onnx, preprocess, device, backbone.num_frames)
        return clip_error(backbone, embed, preprocess)

    chosen = _in_precision(error_on, backbone, device, precision)
    return partial(ClipEmbedder, onnx, preprocess, chosen, backbone.num_frames)


def _in_precision(
    error_on: Callable[[Device], float],
    backbone: Backbone,
    device: Device,
    precision: Precision,
) -> Device:
    """Return the device with the requested precision, after a parity check."""
    if precision == "bf16" and not supports_bf16(device.name):
        raise UsageError(
            f"precision: bf16 is not supported by {device.name}; use f32 or auto"
        )
    plain, short = replace(device, precision="f32"), replace(device, precision="bf16")
    check_error(error_on(plain), backbone, plain)
    if precision == "bf16":
        check_error(error_on(short), backbone, short)
        return short
    if precision == "auto" and supports_bf16(device.name):
        return short if error_on(short) <= LARGEST_ERROR["bf16"] else plain
    return plain


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


def torch_embed_clips(name: str, device: str = "cuda") -> EmbedClips:
    """Return a function that computes features of clips, as `torch_embed` does of crops.

    Raises:
        BadWeights: If there are no such weights, or they were modified.
    """
    loaded = find_weights(name)
    return embed_clips_in_torch(
        loaded.backbone.to(device), loaded.manifest.preprocess, device
    )
