"""Export of video backbones to ONNX, for the runtime of extraction.

Symbols: T frames of a clip, C channels, S side in pixels, D features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wildaffect.core.preprocess import Preprocess
from wildaffect.export.backbone import random_crops, to_onnx
from wildaffect.faces.crop import normalize
from wildaffect.features.clip_sets import EmbedClips
from wildaffect.features.clips import Clip
from wildaffect.models.backbones.backbone import Backbone, ClipBackbone


class _OneClip(nn.Module):
    """The crops of one clip (T, C, S, S) to its features (1, D)."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, crops: Tensor) -> Tensor:
        return self.backbone(crops.unsqueeze(0))


def clip_backbone_to_onnx(backbone: Backbone) -> bytes:
    """Return an ONNX network `crops` (T, C, S, S) of one clip -> `features` (1, D)."""
    if not isinstance(backbone, ClipBackbone):
        raise TypeError(f"export: a video backbone expected, got {type(backbone).__name__}")
    side = backbone.size_px
    example = torch.zeros(backbone.num_frames, backbone.channels, side, side)
    return to_onnx(_OneClip(backbone).eval(), example, None)


def embed_clips_in_torch(
    backbone: Backbone, preprocess: Preprocess, device: str = "cpu"
) -> EmbedClips:
    """Return a function that embeds clips in torch, on a GPU in bfloat16."""

    def embed(clips: Sequence[Clip]) -> NDArray[np.float32]:
        crops = np.concatenate([np.stack(clip.crops) for clip in clips])
        pixels = torch.from_numpy(normalize(crops, preprocess))
        pixels = pixels.unflatten(0, (len(clips), -1)).to(device)
        is_short = device != "cpu"
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, is_short):
            features = backbone(pixels)
        return features.float().cpu().numpy()

    return embed


def clip_error(backbone: ClipBackbone, embed: EmbedClips, preprocess: Preprocess) -> float:
    """Return the relative error of the features of a smooth random clip against torch.

    Args:
        backbone: Reference in torch, in evaluation mode.
        embed: Function under test.
        preprocess: Preprocessing of the backbone.
    """
    crops = random_crops(backbone, backbone.num_frames)
    clips = [Clip(0, 0.0, tuple(crops))]
    wanted = embed_clips_in_torch(backbone, preprocess)(clips)
    error = np.linalg.norm(embed(clips) - wanted)
    return float(error / np.linalg.norm(wanted))
