"""Base of fusion: which sets are present, and dropout of entire sets.

Symbols: B windows, T rows, S feature sets, D columns of all sets, H width of a fused row.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def views(features: Tensor, widths: Sequence[int], num_alone: int) -> list[Tensor]:
    """Return the features with all sets, then with each of the first sets alone.

    Shape (B, T, D) each. A row in which that set is absent keeps what it has.
    """
    parts = features.split(list(widths), dim=-1)
    absent = [torch.full_like(part, torch.nan) for part in parts]
    alone = []
    for index, part in enumerate(parts[:num_alone]):
        one = torch.cat([*absent[:index], part, *absent[index + 1 :]], dim=-1)
        alone.append(torch.where(part[..., :1].isnan(), features, one))
    return [features, *alone]


class Fusion(nn.Module, ABC):
    """Maps the standardized features of a row to one vector, each row by itself.

    Attributes:
        widths: Number of columns of each set.
        output_dim: Width of the fused rows, H.
        set_dropout: Probability with which training drops a set of a window.
    """

    def __init__(self, widths: Sequence[int], output_dim: int) -> None:
        super().__init__()
        self.widths = list(widths)
        self.output_dim = output_dim
        self.set_dropout = 0.0

    def forward(self, features: Tensor) -> Tensor:
        """Return the fused rows, shape (B, T, H).

        Args:
            features: Shape (B, T, D); NaN in the columns of absent sets.
        """
        is_absent = features.isnan()
        firsts = [part[..., 0] for part in is_absent.split(self.widths, dim=-1)]
        present = ~torch.stack(firsts, dim=-1)
        if self.training and self.set_dropout:
            present = self._drop(present)
        zeroed = torch.where(is_absent, 0.0, features)
        parts = [
            part * present[..., index : index + 1]
            for index, part in enumerate(zeroed.split(self.widths, dim=-1))
        ]
        return self.fuse(parts, present)

    @abstractmethod
    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:
        """Return the fused rows, shape (B, T, H).

        Args:
            parts: Columns of each set, zero where it is absent, (B, T, width) each.
            present: Mask of the sets of each row, (B, T, S), bool; rows of padding have
                all.
        """

    def _drop(self, present: Tensor) -> Tensor:
        """Drop sets of entire windows, but in no row the last one."""
        drawn = torch.rand(len(present), 1, present.shape[2], device=present.device)
        left = present & (drawn >= self.set_dropout)
        return torch.where(left.any(-1, keepdim=True), left, present)


class Plain(Fusion):
    """Columns of all sets side by side, at their training mean where absent."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__(widths, sum(widths))

    def fuse(self, parts: list[Tensor], present: Tensor) -> Tensor:  # noqa: ARG002
        """Return the columns."""
        return torch.cat(parts, dim=-1)
