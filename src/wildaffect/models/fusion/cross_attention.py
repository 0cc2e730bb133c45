"""Attention between feature sets.

Symbols: B windows, T rows, S feature sets, H width of a fused row, N heads.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wildaffect.models.fusion.config import CrossAttention
from wildaffect.models.fusion.fusion import Fusion

NOT_PRESENT = -1e4
"""Score of an absent set, finite so that a row without any set stays finite."""


class CrossAttentionFusion(Fusion):
    """Each set attends to the present sets of its row; the result is their mean."""

    def __init__(self, config: CrossAttention, widths: Sequence[int]) -> None:
        super().__init__(widths, config.hidden_dim)
        self.num_heads = config.num_heads
        self.layers = nn.ModuleList(nn.Linear(width, config.hidden_dim) for width in widths)
        self.places = nn.Parameter(torch.zeros(len(self.widths), config.hidden_dim))
        self.norm = nn.LayerNorm(config.hidden_dim)
        self.query_key_value = nn.Linear(config.hidden_dim, 3 * config.hidden_dim)
        self.output = nn.Linear(config.hidden_dim, config.hidden_dim)
        nn.init.normal_(self.places, std=0.02)

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return the mean over the present sets, shape (B, T, H)."""
        layers = zip(self.layers, parts, strict=True)
        sets = torch.stack([layer(part) for layer, part in layers], -2) + self.places
        sets = sets + self._attend(self.norm(sets), present)
        weights = present[..., None].to(sets.dtype)
        return (sets * weights).sum(-2) / weights.sum(-2).clamp(min=1)

    def _attend(self, sets: Tensor, present: Tensor) -> Tensor:
        """Return what each set gathers from those present, shape (B, T, S, H)."""
        heads = self.query_key_value(sets).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = heads.transpose(-4, -2).unbind(-3)  # (B, T, N, S, d)
        scores = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5
        scores = torch.where(present[..., None, None, :], scores, NOT_PRESENT)
        gathered = scores.softmax(-1) @ value
        return self.output(gathered.transpose(-3, -2).flatten(-2))
