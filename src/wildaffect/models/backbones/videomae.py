"""Vision transformer over clips, with the parameter names of the VideoMAE reference.

Symbols: B batch, T frames of a clip, C channels, S side of the crop, P side of a patch,
U frames of a tubelet, N = (T / U) (S / P)^2 tokens, D features.

Source: Z. Tong et al., "VideoMAE", arXiv 2203.12602; sizes and pooling of VideoMAE V2, L.
Wang et al., arXiv 2303.16727; MARLIN, Z. Cai et al., arXiv 2211.06627, is the same encoder
trained on faces. Different here: the bias of the keys, which is always zero there, is a
parameter of the joint layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.backbones.backbone import ClipBackbone, Stages, check_clips
from wildaffect.models.backbones.vit import (
    NORM_EPS,
    Block,
    ViTConfig,
    initialize_linear_layers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoViTConfig(Config):
    """Sizes of a vision transformer over clips."""

    image: ViTConfig
    """Sizes of each frame and of the layers."""
    num_frames: int = 16
    tubelet_frames: int = 2
    """Frames of a token, U."""
    norm_eps: float = NORM_EPS

    def __post_init__(self) -> None:
        if self.num_frames % self.tubelet_frames:
            raise ValueError(
                "videomae: num_frames must be a multiple of "
                f"tubelet_frames={self.tubelet_frames}, got {self.num_frames}"
            )

    @property
    def num_tokens(self) -> int:
        """Tokens of a clip, N."""
        return self.num_frames // self.tubelet_frames * self.image.num_patches


class TubeletEmbed(nn.Module):
    """Clips (B, T, C, S, S) to tokens (B, N, D), frame pair by frame pair, row by row."""

    def __init__(self, config: VideoViTConfig) -> None:
        super().__init__()
        image = config.image
        size = (config.tubelet_frames, image.patch_px, image.patch_px)
        self.proj = nn.Conv3d(image.channels, image.dim, kernel_size=size, stride=size)
        nn.init.xavier_uniform_(self.proj.weight.view(image.dim, -1))
        nn.init.zeros_(self.proj.bias)  # type: ignore[arg-type]

    def forward(self, clips: Tensor) -> Tensor:
        """Return one token per tubelet."""
        tokens: Tensor = self.proj(clips.transpose(1, 2))  # (B, D, T/U, S/P, S/P)
        return tokens.flatten(2).transpose(1, 2)


class VideoTrunk(ClipBackbone):
    """Tubelets, fixed positions and blocks; the base of the encoders."""

    pos_embed: Tensor

    def __init__(self, config: VideoViTConfig) -> None:
        super().__init__()
        image = config.image
        self.config = config
        self.channels, self.size_px = image.channels, image.size_px
        self.num_frames, self.feature_dim = config.num_frames, image.dim
        self.patch_embed = TubeletEmbed(config)
        # Published files do not have them.
        positions = sine_positions(image.dim, config.num_tokens)
        self.register_buffer("pos_embed", positions, persistent=False)
        self.blocks = nn.ModuleList(
            Block(image.dim, image.num_heads) for _ in range(image.depth)
        )
        initialize_linear_layers(self.blocks)

    def encode(self, clips: Tensor) -> Tensor:
        """Return the tokens after the last block, shape (B, N, D)."""
        check_clips(self, clips)
        tokens: Tensor = self.patch_embed(clips) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        return tokens

    def stages(self) -> Stages:
        """Return the layers in order."""
        blocks = [(f"blocks.{index}",) for index in range(len(self.blocks))]
        return (("patch_embed",), *blocks, ("norm", "fc_norm"))


class NormedTokensViT(VideoTrunk):
    """Features are the mean of the normed tokens, as the pre-trained encoder gives them."""

    def __init__(self, config: VideoViTConfig) -> None:
        super().__init__(config)
        self.norm = nn.LayerNorm(config.image.dim)
        _set_norm_eps(self, config.norm_eps)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features of clips (B, T, C, S, S), shape (B, D)."""
        return self.norm(self.encode(crops)).mean(dim=1)


class NormedMeanViT(VideoTrunk):
    """Features are the norm of the mean token, as after fine-tuning and in MARLIN."""

    def __init__(self, config: VideoViTConfig) -> None:
        super().__init__(config)
        self.fc_norm = nn.LayerNorm(config.image.dim)
        _set_norm_eps(self, config.norm_eps)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features of clips (B, T, C, S, S), shape (B, D)."""
        return self.fc_norm(self.encode(crops).mean(dim=1))


def sine_positions(dim: int, num_tokens: int) -> Tensor:
    """Return fixed positions of a sequence, sines and cosines in turn, (1, N, dim).

    Source: A. Vaswani et al., "Attention is all you need", arXiv 1706.03762, section 3.5.
    """
    rates = 10000.0 ** -(torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = torch.outer(torch.arange(num_tokens, dtype=torch.float64), rates)
    waves = torch.stack([angles.sin(), angles.cos()], dim=2)  # (N, D / 2, 2)
    return waves.flatten(1).float().unsqueeze(0)


def _set_norm_eps(network: nn.Module, eps: float) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.LayerNorm):
            layer.eps = eps
