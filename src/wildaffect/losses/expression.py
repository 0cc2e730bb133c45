"""Loss of expressions.

Symbols: B windows, T rows, C classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.losses.config import CrossEntropy
from wildaffect.losses.masked import masked_mean, readable
from wildaffect.losses.statistics import (
    LabelStatistics,
    class_priors,
    class_weights,
)


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
