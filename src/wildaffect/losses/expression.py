"""Loss of expressions.

Symbols: B windows, T rows, C classes.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.core.config import Config
from wildaffect.losses.masked import masked_mean, readable
from wildaffect.losses.statistics import (
    LabelStatistics,
    Rarity,
    class_priors,
    class_weights,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossEntropy(Config):
    """Cross-entropy over annotated rows."""

    class_weights: Rarity = "equal"
    """Class weighting by rarity."""
    logit_adjustment: float = 0.0
    """Weight of the log prior added to the logits in training only, at least 0; 1
    corresponds to balanced classes."""
    label_smoothing: float = 0.0
    """Share of the target distributed evenly over classes, in [0, 1)."""
    kind: Literal["cross_entropy"] = "cross_entropy"

    def __post_init__(self) -> None:
        if not 0 <= self.logit_adjustment < float("inf"):
            raise ValueError(
                "cross-entropy: logit_adjustment must be at least 0, "
                f"got {self.logit_adjustment}"
            )
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                "cross-entropy: label_smoothing must be in [0, 1), "
                f"got {self.label_smoothing}"
            )

    @property
    def needs_statistics(self) -> bool:
        """Return whether the loss depends on the frequency of classes."""
        return self.class_weights != "equal" or self.logit_adjustment > 0


class ExpressionLoss(nn.Module):
    """Mean over annotated rows of weight x cross-entropy; 0 if there are none.

    Source:
        Logit adjustment: Menon et al., "Long-tail learning via logit adjustment", 2021.
    """

    weights: Tensor
    adjustment: Tensor

    def __init__(
        self, config: CrossEntropy, num_classes: int, statistics: LabelStatistics | None
    ) -> None:
        super().__init__()
        self.label_smoothing = config.label_smoothing
        weights = torch.ones(num_classes)
        adjustment = torch.zeros(num_classes)
        if statistics is not None:
            weights = torch.from_numpy(class_weights(statistics, config.class_weights))
            adjustment = torch.from_numpy(class_priors(statistics)).log()
        self.register_buffer("weights", weights.float())
        self.register_buffer("adjustment", config.logit_adjustment * adjustment.float())

    def forward(self, logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            logits: Shape (B, T, C).
            target: Class, shape (B, T), int64; ignored where not valid.
            valid: Shape (B, T), bool.
        """
        logits = readable(logits, valid[..., None]) + self.adjustment
        target = target.where(valid, 0)
        rows = functional.cross_entropy(
            logits.flatten(0, -2),
            target.flatten(),
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return masked_mean(rows.view_as(target) * self.weights[target], valid)
