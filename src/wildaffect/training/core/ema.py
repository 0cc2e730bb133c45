"""Exponential moving average (EMA) of a model's weights."""

from copy import deepcopy

import torch
from torch import nn

EMA_WARMUP = 9.0
"""Warmup of the EMA: after n steps the newest weights count 9 / (9 + n), until that falls
below 1 - decay."""


class EMA:
    """Exponential moving average of weights, on the device of the model.

    Args:
        model: Model to average; its buffers, such as batch norm statistics, are copied.
        decay: Weight of the average so far, after the warmup, in (0, 1).

    Attributes:
        model: Model with the averaged weights.
        num_steps: Number of updates.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = deepcopy(model).requires_grad_(requires_grad=False)
        self._decay = decay
        self.num_steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Add the weights of one step; the first call copies them."""
        share = max(1 - self._decay, EMA_WARMUP / (EMA_WARMUP + self.num_steps))
        for mean, now in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.lerp_(now, share)
        for kept, last in zip(self.model.buffers(), model.buffers(), strict=True):
            kept.copy_(last)
        self.num_steps += 1
