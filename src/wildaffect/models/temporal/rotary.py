"""Modern transformer: pre-norm, GELU, rotary positions in real time.

Symbols: B windows, T rows, D features, H hidden, d width of one head.
"""

from torch import Tensor, nn

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.attention import (
    Rotation,
    SelfAttention,
    View,
    frequencies,
    views,
)
from wildaffect.models.temporal.config import RotaryConfig
from wildaffect.models.temporal.encoder import TemporalEncoder


class RotaryEncoder(TemporalEncoder):
    """Linear projection, pre-norm attention layers, and a final norm.

    Invariant to a shift of all times.

    Source:
        Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
        Different here: positions are seconds times a rate, not token numbers.
    """

    rates: Tensor

    def __init__(self, config: RotaryConfig, input_dim: int) -> None:
        super().__init__(config.hidden_dim)
        self.delay_s = config.delay_s
        self.project = nn.Linear(input_dim, config.hidden_dim)
        rates = config.position_rate_hz * frequencies(config.head_dim // 2)
        self.register_buffer("rates", rates, persistent=False)
        self.layers = nn.ModuleList(PreNormLayer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.hidden_dim)

    def encode(self, features: Tensor, times_s: Tensor, real: Tensor | None) -> Tensor:
        """Return the normalized states of the last layer, shape (B, T, H)."""
        angles = (times_s[..., None] * self.rates)[:, None]  # (B, 1, T, d / 2)
        rotation = Rotation(angles.cos(), angles.sin())
        x = self.project(features)
        seen = views(times_s, real, self.delay_s, len(self.layers))
        for layer, view in zip(self.layers, seen, strict=True):
            x = layer(x, view, rotation)
        return self.norm(x)


class PreNormLayer(nn.Module):
    """Attention and feed-forward block with GELU, both pre-norm and residual."""

    def __init__(self, config: RotaryConfig) -> None:
        super().__init__()
        dim = config.hidden_dim
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = SelfAttention(
            dim, dim // config.head_dim, config.attention_dropout
        )
        self.ffn_norm = nn.LayerNorm(dim)
        self.ffn = nn.Sequential(
            nn.Linear(dim, config.ffn_dim),
            nn.GELU(),
            Dropout(config.dropout),
            nn.Linear(config.ffn_dim, dim),
        )
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, view: View, rotation: Rotation) -> Tensor:
        """Return the states after this layer, shape (B, T, H)."""
        x = x + self.dropout(self.attention(self.attention_norm(x), view, rotation))
        return x + self.dropout(self.ffn(self.ffn_norm(x)))
