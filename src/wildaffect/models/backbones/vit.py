"""Vision transformer with the parameter names of timm and of the MAE reference.

Symbols: B batch, C channels, S side of the crop, P side of a patch, L = (S / P)^2 patches,
N tokens, D features.

Source: A. Dosovitskiy et al., "An image is worth 16x16 words", arXiv 2010.11929; sin-cos
positions and sizes as in K. He et al., "Masked autoencoders are scalable vision
learners", arXiv 2111.06377.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.backbones.backbone import Backbone, Stages, check_crops

NORM_EPS = 1e-6
MLP_RATIO = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTConfig(Config):
    """Sizes of a vision transformer."""

    size_px: int = 224
    patch_px: int = 16
    channels: int = 3
    dim: int
    depth: int
    num_heads: int

    def __post_init__(self) -> None:
        if self.size_px % self.patch_px:
            raise ValueError(
                f"vit: size_px must be a multiple of patch_px={self.patch_px}, "
                f"got {self.size_px}"
            )
        if self.dim % self.num_heads or self.dim % 4:
            raise ValueError(
                f"vit: dim must be a multiple of 4 and of num_heads={self.num_heads}, "
                f"got {self.dim}"
            )

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.size_px // self.patch_px

    @property
    def num_patches(self) -> int:
        """Patches of a crop, L."""
        return self.grid**2


class PatchEmbed(nn.Module):
    """Crops (B, C, S, S) to tokens (B, L, D), row by row."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        side = config.patch_px
        self.proj = nn.Conv2d(config.channels, config.dim, kernel_size=side, stride=side)
        nn.init.xavier_uniform_(self.proj.weight.view(config.dim, -1))
        nn.init.zeros_(self.proj.bias)  # type: ignore[arg-type]

    def forward(self, crops: Tensor) -> Tensor:
        """Return one token per patch."""
        tokens: Tensor = self.proj(crops)  # (B, D, S/P, S/P)
        return tokens.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention over tokens (B, N, D)."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        qkv = self.qkv(tokens).unflatten(2, (3, self.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, heads, N, D / heads)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers with a GELU between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, MLP_RATIO * dim)
        self.fc2 = nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        return self.fc2(F.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """Pre-norm transformer layer with stochastic depth, disabled by default."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.drop_ratio = 0.0
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = Mlp(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape (B, N, D)."""
        tokens = tokens + self._dropped(self.attn(self.norm1(tokens)))
        return tokens + self._dropped(self.mlp(self.norm2(tokens)))

    def _dropped(self, branch: Tensor) -> Tensor:
        """Zero the branch for some samples of the batch; keep its mean (training only)."""
        if not self.training or self.drop_ratio == 0:
            return branch
        kept = 1 - self.drop_ratio
        scale = branch.new_empty((branch.shape[0], 1, 1)).bernoulli_(kept) / kept
        return branch * scale


class ViTTrunk(nn.Module):
    """Patches, positions and blocks; the base of the encoders and of the autoencoder.

    Args:
        config: Sizes.
        train_positions: Train the positions, which are initialized as sin-cos.
    """

    def __init__(self, config: ViTConfig, *, train_positions: bool) -> None:
        super().__init__()
        self.config = config
        self.channels = config.channels
        self.size_px = config.size_px
        self.patch_embed = PatchEmbed(config)
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.dim))
        self.pos_embed = nn.Parameter(
            sincos_positions(config.dim, config.grid), requires_grad=train_positions
        )
        self.blocks = nn.ModuleList(
            Block(config.dim, config.num_heads) for _ in range(config.depth)
        )
        nn.init.normal_(self.cls_token, std=0.02)
        initialize_linear_layers(self.blocks)

    def embed(self, crops: Tensor) -> Tensor:
        """Return patch tokens with their positions, shape (B, L, D)."""
        check_crops(self, crops)
        return self.patch_embed(crops) + self.pos_embed[:, 1:]

    def encode(self, tokens: Tensor) -> Tensor:
        """Prepend the class token to (B, N, D) tokens and run the blocks: (B, 1 + N, D)."""
        # `len` would make the batch size constant in an exported graph.
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(tokens.shape[0], -1, -1)
        tokens = torch.cat([cls, tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return tokens

    def set_drop_path(self, ratio: float) -> None:
        """Set stochastic depth, increasing linearly from 0 to `ratio` in the last block."""
        if not 0 <= ratio < 1:
            raise ValueError(f"vit: drop path must be in [0, 1), got {ratio}")
        for block, share in zip(
            self.blocks, torch.linspace(0, ratio, len(self.blocks)).tolist(), strict=True
        ):
            block.drop_ratio = share

    def stages(self) -> Stages:
        """Return the layers in order."""
        blocks = [(f"blocks.{index}",) for index in range(len(self.blocks))]
        first = ("patch_embed", "cls_token", "pos_embed")
        return (first, *blocks, ("norm", "fc_norm"))


class ClassTokenViT(ViTTrunk, Backbone):
    """Features are the class token after the last norm, as in MAE's linear probe."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__(config, train_positions=False)
        self.feature_dim = config.dim
        self.norm = nn.LayerNorm(config.dim, eps=NORM_EPS)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, D)."""
        tokens = self.encode(self.embed(crops))
        return self.norm(tokens[:, 0])


class MeanTokenViT(ViTTrunk, Backbone):
    """Features are the norm of the mean patch token, as in MAE's fine-tuning."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__(config, train_positions=True)
        self.feature_dim = config.dim
        self.fc_norm = nn.LayerNorm(config.dim, eps=NORM_EPS)

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, D)."""
        tokens = self.encode(self.embed(crops))
        return self.fc_norm(tokens[:, 1:].mean(dim=1))


def mean_token_from(encoder: ClassTokenViT) -> MeanTokenViT:
    """Return the network for fine-tuning a pre-trained one; its last norm is new."""
    network = MeanTokenViT(encoder.config)
    pretrained = encoder.state_dict()
    network.load_state_dict(
        {key: pretrained.get(key, value) for key, value in network.state_dict().items()}
    )
    return network


def initialize_linear_layers(module: nn.Module) -> None:
    """Draw the weights of every linear layer (Xavier, uniform) and zero its bias."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


def sincos_positions(dim: int, grid: int) -> Tensor:
    """Return fixed positions of a class token and a grid of patches, (1, 1 + grid^2, dim).

    The first half of the features codes the column, the second the row; each as sines, then
    cosines, of position / 10000^(k / (dim / 4)). The class token's are zero.

    Source:
        arXiv 2111.06377, as its released code lays them out (column first).
    """
    omega = 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    steps = torch.arange(grid, dtype=torch.float64)
    angles = torch.outer(steps, omega)  # (grid, dim / 4)
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)  # (grid, dim / 2)
    columns = waves.repeat(grid, 1)
    rows = waves.repeat_interleave(grid, dim=0)
    patches = torch.cat([columns, rows], dim=1)  # (grid^2, dim)
    return F.pad(patches, (0, 0, 1, 0)).float().unsqueeze(0)
