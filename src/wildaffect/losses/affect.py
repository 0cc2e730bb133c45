"""Losses of valence and arousal.

Symbols: B windows, T rows.
"""

from torch import Tensor, nn

from wildaffect.losses.config import CCC, MSE, AffectLoss
from wildaffect.losses.masked import masked_mean, readable

TINY = 1e-8
"""Avoids 0 / 0; variances of affect in a batch are a million times larger."""


class AffectTaskLoss(nn.Module):
    """Loss of one of valence and arousal."""

    def __init__(self, config: AffectLoss) -> None:
        super().__init__()
        self.config = config

    def forward(self, pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
        """Return shape ().

        Args:
            pred: Shape (B, T).
            target: In [-1, 1], shape (B, T).
            valid: Shape (B, T), bool; entries where False are ignored.
        """
        match self.config:
            case CCC(mse_weight=0.0):
                return ccc_loss(pred, target, valid)
            case CCC(mse_weight=weight):
                mse = mse_loss(pred, target, valid)
                return ccc_loss(pred, target, valid) + weight * mse
            case MSE():
                return mse_loss(pred, target, valid)


def ccc_loss(pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Return 1 - CCC, in [0, 2]; 0 with a zero gradient below two valid entries.

    Statistics are over the whole batch. If both series are constant, the correlation counts
    as 0.
    """
    pred, target = readable(pred, valid), readable(target, valid)
    pred_mean, target_mean = masked_mean(pred, valid), masked_mean(target, valid)
    pred_off = (pred - pred_mean).where(valid, 0.0)
    target_off = (target - target_mean).where(valid, 0.0)
    covariance = masked_mean(pred_off * target_off, valid)
    spread = masked_mean(pred_off.square() + target_off.square(), valid)
    distance = (pred_mean - target_mean).square()
    ccc = 2.0 * covariance / (spread + distance + TINY)
    return (1.0 - ccc) * (valid.sum() > 1)


def mse_loss(pred: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Return the mean squared error over valid entries; 0 if there are none."""
    difference = readable(pred, valid) - readable(target, valid)
    return masked_mean(difference.square(), valid)
