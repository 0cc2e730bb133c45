"""Means over annotated entries."""

from torch import Tensor


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Return the mean of finite values where `valid`, of the same shape; shape ().

    0 with a zero gradient if nothing is valid.
    """
    total = values.where(valid, 0.0).sum()
    return total / valid.sum().clamp(min=1)


def readable(values: Tensor, valid: Tensor) -> Tensor:
    """Return values with 0 where not valid, at least float32.

    Masked values, including NaN, then affect neither the loss nor the gradient.
    """
    wide = values if values.element_size() >= 4 else values.float()
    return wide.where(valid, 0.0)
