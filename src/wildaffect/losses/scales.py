"""Losses of numbers on scales: dimensions and intensities.

Predictions and targets are positions on the scales, in [-1, 1] from end to end, so that
scales of different ranges count alike. Symbols: B windows, T rows, K scales, M levels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.core.errors import UsageError
from wildaffect.core.scales import ScaleSpace
from wildaffect.losses.affect import ccc_loss, mse_loss
from wildaffect.losses.config import CCC, MSE, AllThresholds, Huber, ScaleLossConfig
from wildaffect.losses.masked import masked_mean, readable

MAX_LEVELS = 100
"""Maximum number of steps of a scale for the ordinal loss, which has a threshold each."""


class ScaleTaskLoss(nn.Module):
    """Loss of K scales; 0 if nothing is annotated.

    Raises:
        UsageError: If the loss is ordinal and a scale has no whole levels or too many.

    Source:
        AllThresholds: Rennie and Srebro, "Loss functions for preference levels", 2005, with
        the logistic loss and thresholds midway between neighboring levels. Different here:
        the slope is fixed, at one level.
    """

    low: Tensor
    half_range: Tensor

    def __init__(self, config: ScaleLossConfig, space: ScaleSpace) -> None:
        super().__init__()
        self.config = config
        if isinstance(config, AllThresholds):
            _check_levels(space)
        low = torch.tensor([scale.low for scale in space.scales])
        self.register_buffer("low", low)
        self.register_buffer("half_range", torch.from_numpy(space.half_range).float())

    def forward(self, pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            pred: Positions on the scales, shape (B, T, K).
            target: Likewise; ignored where not valid.
            valid: Shape (B, T, K), bool.
        """
        match self.config:
            case CCC(mse_weight=weight):
                ccc = _mean_ccc_loss(pred, target, valid)
                return ccc + weight * mse_loss(pred, target, valid) if weight else ccc
            case MSE():
                return mse_loss(pred, target, valid)
            case Huber(delta=delta):
                rows = functional.huber_loss(
                    readable(pred, valid),
                    readable(target, valid),
                    reduction="none",
                    delta=delta,
                )
                return masked_mean(rows, valid)
            case AllThresholds():
                return self._all_thresholds(pred, target, valid)

    def _all_thresholds(self, pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return the logistic loss summed over the thresholds between levels."""
        num_levels = int((2 * self.half_range).round().max())
        between = torch.arange(num_levels, device=pred.device) + 0.5  # (M,), from `low`
        exists = between < 2 * self.half_range[:, None]  # (K, M)
        guess = (readable(pred, valid) + 1) * self.half_range  # levels above `low`
        true = (readable(target, valid) + 1) * self.half_range
        is_above = (true[..., None] > between).to(guess.dtype)
        rows = functional.binary_cross_entropy_with_logits(
            guess[..., None] - between, is_above, reduction="none"
        )
        return masked_mean((rows * exists).sum(-1), valid)


def _check_levels(space: ScaleSpace) -> None:
    for scale in space.scales:
        is_whole = scale.low == round(scale.low) and scale.high == round(scale.high)
        if not is_whole or scale.high - scale.low > MAX_LEVELS:
            raise UsageError(
                f"loss all_thresholds: {scale.label} must go from one whole number to "
                f"another, by at most {MAX_LEVELS}, got {scale.ends}; use huber or mse"
            )


def _mean_ccc_loss(pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Return the mean over the scales with two valid entries at least."""
    losses = torch.stack(
        [
            ccc_loss(pred[..., k], target[..., k], valid[..., k])
            for k in range(pred.shape[-1])
        ]
    )
    counts = valid.flatten(0, -2).sum(0) > 1
    return losses.sum() / counts.sum().clamp(min=1)
