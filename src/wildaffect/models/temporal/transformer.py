"""Transformer of the ABAW4 system, with positions in real time.

Symbols: B windows, T rows, D features, H hidden.
"""

import torch
from torch import Tensor, nn

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.attention import SelfAttention, View, frequencies, views
from wildaffect.models.temporal.config import TransformerConfig
from wildaffect.models.temporal.encoder import TemporalEncoder


class TransformerEncoder(TemporalEncoder):
    """Linear projection, sinusoidal encodings, and post-norm attention layers.

    Source:
        Public code of the ABAW4 system (arXiv 2207.09373). Different here: positions are
        times instead of row numbers (annotated rows are 4 frames apart in the median and
        up to 543), so that the window length is unlimited; the first position has an
        encoding too; padding is masked; torch's default initialization, separately for
        each layer.
    """

    rates: Tensor

    def __init__(self, config: TransformerConfig, input_dim: int) -> None:
        super().__init__(config.hidden_dim)
        self.delay_s = config.delay_s
        self.project = nn.Linear(input_dim, config.hidden_dim)
        rates = config.position_rate_hz * frequencies(config.hidden_dim // 2)
        self.register_buffer("rates", rates, persistent=False)
        self.layers = nn.ModuleList(PostNormLayer(config) for _ in range(config.num_layers))

    def encode(self, features: Tensor, times_s: Tensor, real: Tensor | None) -> Tensor:
        """Return the states of the last layer, shape (B, T, H)."""
        angles = times_s[..., None] * self.rates  # (B, T, H / 2)
        x = self.project(features) + torch.cat((angles.sin(), angles.cos()), dim=-1)
        seen = views(times_s, real, self.delay_s, len(self.layers))
        for layer, view in zip(self.layers, seen, strict=True):
            x = layer(x, view)
        return x


class PostNormLayer(nn.Module):
    """Attention and feed-forward block with ReLU, both residual and post-norm."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.attention = SelfAttention(dim, dim // config.head_dim, config.dropout)
        self.attention_norm = nn.LayerNorm(dim)
        self.ffn = nn.Sequential(
            nn.Linear(dim, config.ffn_dim),
            nn.ReLU(),
            Dropout(config.dropout),
            nn.Linear(config.ffn_dim, dim),
        )
        self.ffn_norm = nn.LayerNorm(dim)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, view: View) -> Tensor:
        """Return the states after this layer, shape (B, T, H)."""
        x = self.attention_norm(x + self.dropout(self.attention(x, view, None)))
        return self.ffn_norm(x + self.dropout(self.ffn(x)))
