"""Losses of action units, averaged over annotated entries of all units.

Symbols: B windows, T rows, K action units.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.losses.config import (
    ActionUnitLossConfig,
    Asymmetric,
    BinaryCrossEntropy,
    Focal,
)
from wildaffect.losses.masked import masked_mean, readable
from wildaffect.losses.statistics import LabelStatistics, positive_weights


class ActionUnitLoss(nn.Module):
    """Mean over annotated entries; 0 if there are none.

    Source:
        Focal: Lin et al., "Focal loss for dense object detection", 2017, without its
        class weight. Asymmetric: Ridnik et al., "Asymmetric loss for multi-label
        classification", 2021; its published powers, and gradients flow through the
        focusing factor, as in the paper's formula.
    """

    weights: Tensor

    def __init__(
        self,
        config: ActionUnitLossConfig,
        num_units: int,
        statistics: LabelStatistics | None,
    ) -> None:
        super().__init__()
        self.config = config
        weights = torch.ones(num_units)
        if isinstance(config, BinaryCrossEntropy) and statistics is not None:
            found = positive_weights(
                statistics, config.positive_weights, config.largest_weight
            )
            weights = torch.from_numpy(found).float()
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            logits: Shape (B, T, K).
            target: 0 or 1, shape (B, T, K); ignored where not valid.
            valid: Shape (B, T, K), bool.
        """
        logits, target = readable(logits, valid), readable(target, valid)
        return masked_mean(self._entries(logits, target.to(logits.dtype)), valid)

    def _entries(self, logits: Tensor, target: Tensor) -> Tensor:
        match self.config:
            case BinaryCrossEntropy():
                return functional.binary_cross_entropy_with_logits(
                    logits, target, reduction="none", pos_weight=self.weights
                )
            case Focal(gamma=gamma):
                entropy = functional.binary_cross_entropy_with_logits(
                    logits, target, reduction="none"
                )
                return _focus(logits, target, gamma) * entropy
            case Asymmetric() as config:
                return _asymmetric(logits, target, config)


def _focus(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """Return the focusing factor, a power of the probability of the wrong label."""
    wrong = torch.where(target > 0.5, -logits, logits).sigmoid()
    return _power(wrong, gamma)


def _asymmetric(logits: Tensor, target: Tensor, config: Asymmetric) -> Tensor:
    occurs = -functional.logsigmoid(logits) * _power(
        (-logits).sigmoid(), config.positive_gamma
    )
    shifted = (logits.sigmoid() - config.margin).clamp(min=0.0)
    absent = -torch.log1p(-shifted.clamp(max=1.0 - 1e-6)) * _power(
        shifted, config.negative_gamma
    )
    return torch.where(target > 0.5, occurs, absent)


def _power(values: Tensor, gamma: float) -> Tensor:
    """Raise values in [0, 1] to a power; the gradient at 0 is finite for any power."""
    return values.clamp(min=1e-6) ** gamma if gamma else torch.ones_like(values)
