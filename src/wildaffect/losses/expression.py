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

    The weight of a distribution (a soft label) is the mean of its classes' weights.

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
            target: Class, shape (B, T), int64, or distribution over the classes, shape
                (B, T, C); ignored where not valid.
            valid: Shape (B, T), bool.
        """
        logits = readable(logits, valid[..., None]) + self.adjustment
        if target.shape == logits.shape:
            target = target.where(valid[..., None], 0)
            flat, weights = target.flatten(0, -2), target @ self.weights
        else:
            target = target.where(valid, 0)
            flat, weights = target.flatten(), self.weights[target]
        rows = functional.cross_entropy(
            logits.flatten(0, -2),
            flat,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return masked_mean(rows.view_as(valid) * weights, valid)
