"""Concatenation with flags of presence."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wildaffect.models.fusion.config import Concatenation
from wildaffect.models.fusion.fusion import Fusion


class ConcatenationFusion(Fusion):
    """Columns of all sets, then a flag per set, 1 where it is present."""

    def __init__(self, config: Concatenation, widths: Sequence[int]) -> None:  # noqa: ARG002
        super().__init__(widths, sum(widths) + len(widths))

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return columns and flags."""
        return torch.cat([*parts, present.to(parts[0].dtype)], dim=-1)
