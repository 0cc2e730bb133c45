"""Gated fusion. Symbols: B windows, T rows, S feature sets, H width of a fused row."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wildaffect.models.fusion.config import Gated
from wildaffect.models.fusion.fusion import Fusion

NOT_PRESENT = -1e4
"""Logit of the gate of an absent set, finite so that a row without any set stays finite."""


class GatedFusion(Fusion):
    """Sum of a layer per set, weighted by a softmax over the present sets."""

    def __init__(self, config: Gated, widths: Sequence[int]) -> None:
        super().__init__(widths, config.hidden_dim)
        self.layers = nn.ModuleList(nn.Linear(width, config.hidden_dim) for width in widths)
        num_sets = len(self.widths)
        self.gates = nn.Linear(sum(widths) + num_sets, num_sets * config.hidden_dim)

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return the weighted sum, shape (B, T, H)."""
        hidden = torch.stack(
            [layer(part).tanh() for layer, part in zip(self.layers, parts, strict=True)], -2
        )  # (B, T, S, H)
        seen = torch.cat([*parts, present.to(parts[0].dtype)], dim=-1)
        logits = self.gates(seen).unflatten(-1, (len(self.widths), self.output_dim))
        logits = torch.where(present[..., None], logits, NOT_PRESENT)
        return (logits.softmax(-2) * hidden).sum(-2)
