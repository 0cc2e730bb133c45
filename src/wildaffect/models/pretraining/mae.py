"""Masked autoencoder: predict the masked patches of a face from the visible ones.

Symbols: B batch, C channels, S side of the crop, P side of a patch, L = (S / P)^2 patches,
V patches that stay visible, D features.

Source: K. He et al., "Masked autoencoders are scalable vision learners", arXiv 2111.06377;
parameter names are those of its released code, so that checkpoints are interchangeable.
Different here: the noise that determines the mask is an argument, for reproducible steps.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.backbones.vit import (
    NORM_EPS,
    Block,
    ViTConfig,
    ViTTrunk,
    initialize_linear_layers,
    sincos_positions,
)
from wildaffect.models.pretraining.patches import (
    normalize_patches,
    patchify,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MAEConfig(Config):
    """Sizes of an autoencoder and its mask ratio."""

    encoder: ViTConfig
    decoder_dim: int = 512
    decoder_depth: int = 8
    decoder_heads: int = 16
    mask_ratio: float = 0.75

    def __post_init__(self) -> None:
        if not 1 <= self.num_visible < self.encoder.num_patches:
            raise ValueError(
                f"mae: mask_ratio must mask some but not all of "
                f"{self.encoder.num_patches} patches, got {self.mask_ratio}"
            )

    @property
    def num_visible(self) -> int:
        """Number of visible patches V."""
        return int(self.encoder.num_patches * (1 - self.mask_ratio))


class MAEOutput(NamedTuple):
    """Loss and outputs of a masked autoencoder."""

    loss: Tensor
    """Mean squared error over masked patches, scalar."""
    pred: Tensor
    """Normalized pixels of every patch, shape (B, L, P * P * C)."""
    mask: Tensor
    """True for masked patches, shape (B, L), bool."""


class MaskedAutoencoder(ViTTrunk):
    """Vision transformer over visible patches and a light decoder over all."""

    def __init__(self, config: MAEConfig) -> None:
        super().__init__(config.encoder, train_positions=False)
        dim, patch_px = config.decoder_dim, config.encoder.patch_px
        self.num_visible = config.num_visible
        self.num_patches = config.encoder.num_patches
        self.patch_px = patch_px
        self.norm = nn.LayerNorm(config.encoder.dim, eps=NORM_EPS)
        self.mask_token = nn.Parameter(torch.empty(1, 1, dim))
        self.decoder_pos_embed = nn.Parameter(
            sincos_positions(dim, config.encoder.grid), requires_grad=False
        )
        self.decoder_embed = nn.Linear(config.encoder.dim, dim)
        self.decoder_blocks = nn.ModuleList(
            Block(dim, config.decoder_heads) for _ in range(config.decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(dim, eps=NORM_EPS)
        self.decoder_pred = nn.Linear(dim, patch_px**2 * config.encoder.channels)
        nn.init.normal_(self.mask_token, std=0.02)
        for part in (self.decoder_embed, self.decoder_blocks, self.decoder_pred):
            initialize_linear_layers(part)

    def forward(self, crops: Tensor, noise: Tensor) -> MAEOutput:
        """Mask patches, predict them, and return the loss.

        Args:
            crops: Normalized crops, shape (B, C, S, S).
            noise: One number per patch, shape (B, L), from `draw_noise`; the patches with
                the smallest numbers are visible.
        """
        if noise.shape != (len(crops), self.num_patches):
            raise ValueError(
                f"mae: noise must have shape {(len(crops), self.num_patches)}, "
                f"got {tuple(noise.shape)}"
            )
        order = noise.argsort(dim=1)
        back = order.argsort(dim=1)
        mask = back >= self.num_visible  # (B, L)
        latent = self._encode_visible(crops, order[:, : self.num_visible])
        pred = self._decode(latent, back)
        error = F.mse_loss(pred, self.target(crops), reduction="none").mean(dim=2)
        return MAEOutput((error * mask).sum() / mask.sum(), pred, mask)

    def target(self, crops: Tensor) -> Tensor:
        """Return the target pixels, normalized per patch, shape (B, L, P * P * C)."""
        return normalize_patches(patchify(crops, self.patch_px))

    def _encode_visible(self, crops: Tensor, visible: Tensor) -> Tensor:
        tokens = self.embed(crops)  # (B, L, D)
        index = visible.unsqueeze(2).expand(-1, -1, tokens.shape[2])
        return self.norm(self.encode(tokens.gather(1, index)))  # (B, 1 + V, D)

    def _decode(self, latent: Tensor, back: Tensor) -> Tensor:
        tokens = self.decoder_embed(latent)
        num_hidden = self.num_patches - self.num_visible
        hidden = self.mask_token.to(tokens.dtype).expand(tokens.shape[0], num_hidden, -1)
        shuffled = torch.cat([tokens[:, 1:], hidden], dim=1)  # (B, L, decoder dim)
        index = back.unsqueeze(2).expand(-1, -1, tokens.shape[2])
        patches = shuffled.gather(1, index)
        tokens = torch.cat([tokens[:, :1], patches], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            tokens = block(tokens)
        return self.decoder_pred(self.decoder_norm(tokens)[:, 1:])

    if TYPE_CHECKING:  # nn.Module's own gives Any

        def __call__(self, crops: Tensor, noise: Tensor) -> MAEOutput:
            """See `forward`."""


def draw_noise(num_crops: int, num_patches: int, generator: torch.Generator) -> Tensor:
    """Return uniform noise (B, L) for the masks of a batch, on the generator's device."""
    return torch.rand(
        (num_crops, num_patches), generator=generator, device=generator.device
    )


def encoder_state(mae: MaskedAutoencoder) -> dict[str, Tensor]:
    """Return the encoder's weights, for a `ClassTokenViT` of the same sizes."""
    return {
        key: value
        for key, value in mae.state_dict().items()
        if not key.startswith(("decoder_", "mask_token"))
    }
