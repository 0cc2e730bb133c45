"""Attention over the rows of a window, shared by the transformers.

Symbols: B windows, T rows, H width, N heads, d width of one head.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.models.temporal.encoder import within_delay


class View(NamedTuple):
    """Rows that each row attends to."""

    mask: Tensor | None
    """Attention mask, True to attend, shape (B, 1, 1 or T, T); None for all rows."""
    is_causal: bool
    """Attend to the row itself and earlier rows only, which excludes padding."""


class Rotation(NamedTuple):
    """Cosine and sine of the rotation angles of queries and keys."""

    cos: Tensor
    """Shape (B, 1, T, d / 2)."""
    sin: Tensor
    """Shape (B, 1, T, d / 2)."""


class SelfAttention(nn.Module):
    """Scaled dot-product attention of every row to those in view.

    Args:
        dim: H, a multiple of `num_heads`.
        num_heads: N.
        dropout: Dropout of the attention weights.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)

    def forward(self, x: Tensor, view: View, rotation: Rotation | None) -> Tensor:
        """Return the attention output, shape (B, T, H)."""
        qkv = self.query_key_value(x).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # (B, N, T, d)
        if rotation is not None:
            query, key = rotate(query, rotation), rotate(key, rotation)
        gathered = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=view.mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=view.is_causal,
        )
        return self.output(gathered.transpose(1, 2).flatten(2))


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Rotate each pair (x_i, x_{i + d/2}) by its row's angle; shape (B, N, T, d)."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = rotation.cos.to(x.dtype), rotation.sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


def views(
    times_s: Tensor, real: Tensor | None, delay_s: float | None, num_layers: int
) -> list[View]:
    """Return the view of each layer, in order.

    Only the first layer looks ahead: if each of L layers did, the receptive field would
    extend L times `delay_s` ahead.
    """
    if delay_s is None:
        whole = View(None if real is None else real[:, None, None, :], is_causal=False)
        return [whole] * num_layers
    back = View(None, is_causal=True)
    if delay_s == 0:
        return [back] * num_layers
    ahead = View(within_delay(times_s, real, delay_s)[:, None], is_causal=False)
    return [ahead, *[back] * (num_layers - 1)]


def frequencies(num_angles: int, longest_to_shortest: float = 10_000.0) -> Tensor:
    """Return radians per unit of position, a geometric series from 1, shape (num_angles,).

    Source:
        Vaswani et al., "Attention is all you need", 2017, section 3.5.
    """
    exponents = torch.arange(num_angles, dtype=torch.float32) / num_angles
    return longest_to_shortest**-exponents
