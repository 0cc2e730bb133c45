"""Fusion in which some feature sets are always absent.

Symbols: B windows, T rows, D columns of the sets that are left, H width of a fused row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from wildaffect.models.fusion.fusion import Fusion


class WithoutSets(Fusion):
    """A trained fusion that reads the columns of the other sets alone.

    Args:
        fusion: Trained fusion of all sets.
        is_left: For each set, True to read it.
    """

    def __init__(self, fusion: Fusion, is_left: Sequence[bool]) -> None:
        widths = zip(fusion.widths, is_left, strict=True)
        super().__init__([width for width, left in widths if left], fusion.output_dim)
        self.all_widths, self.is_left = fusion.widths, list(is_left)
        self.fusion = fusion

    def forward(self, features: Tensor) -> Tensor:
        """Return the fused rows, shape (B, T, H), of features (B, T, D)."""
        parts = iter(features.split(self.widths, dim=-1))
        every = [
            next(parts)
            if left
            else features.new_full((*features.shape[:2], width), torch.nan)
            for width, left in zip(self.all_widths, self.is_left, strict=True)
        ]
        return self.fusion(torch.cat(every, dim=-1))

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return the rows that the trained fusion makes of these sets."""
        return self.fusion.fuse(parts, present)
