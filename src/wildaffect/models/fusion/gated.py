"""Gated fusion. Symbols: B windows, T rows, S feature sets, H width of a fused row."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wildaffect.models.fusion.config import Gated
from wildaffect.models.fusion.fusion import Fusion

SHARPNESS = 10.0
"""Factor of the logits of admission: they move as fast as training is consistent."""
NEARLY_CLOSED = -0.2


class GatedFusion(Fusion):
    """Sum of a layer per set, each weighted by a sigmoid gate.

    Beside others a set is nearly closed at first, and opens as far as it helps: a gradient
    of the same sign from step to step opens it, that of noise does not.

    Attributes:
        admission: How far each set is open beside others, shape (S,).
    """

    def __init__(self, config: Gated, widths: Sequence[int]) -> None:
        super().__init__(widths, config.hidden_dim)
        self.layers = nn.ModuleList(nn.Linear(width, config.hidden_dim) for width in widths)
        num_sets = len(self.widths)
        self.admission = nn.Parameter(torch.full((num_sets,), NEARLY_CLOSED))
        self.gates = nn.Linear(sum(widths) + num_sets, num_sets * config.hidden_dim)
        nn.init.zeros_(self.gates.weight)
        nn.init.ones_(self.gates.bias)

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return the weighted sum, shape (B, T, H)."""
        is_alone = present.sum(-1, keepdim=True) == 1
        opened = torch.where(is_alone, 1.0, (SHARPNESS * self.admission).sigmoid())
        opened = opened * present  # (B, T, S)
        hidden = torch.stack(
            [layer(part).tanh() for layer, part in zip(self.layers, parts, strict=True)], -2
        )  # (B, T, S, H)
        admitted = [part * opened[..., [index]] for index, part in enumerate(parts)]
        seen = torch.cat([*admitted, present.to(hidden.dtype)], dim=-1)
        logits = self.gates(seen).unflatten(-1, (len(self.widths), self.output_dim))
        return (opened[..., None] * logits.sigmoid() * hidden).sum(-2)
