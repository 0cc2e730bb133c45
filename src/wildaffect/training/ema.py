"""The running mean of a model's weights, which is kept in place of the last ones."""

from copy import deepcopy

import torch
from torch import nn

EMA_WARMUP = 9.0
"""How fast the mean forgets the untrained weights at first: after n steps the newest count
9 / (9 + n), until that falls to what the decay says."""


class EMA:
    """Weights averaged over steps, on the device of the model.

    Args:
        model: Whose weights are followed; buffers, such as the statistics of batch
            normalization, are the model's own of the last step.
        decay: What the mean so far counts in the long run, in (0, 1).

    Attributes:
        model: With the mean weights.
        num_steps: That were counted in.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = deepcopy(model).requires_grad_(requires_grad=False)
        self._decay = decay
        self.num_steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Count the weights of one more step in; the first ones are taken as they are."""
        share = max(1 - self._decay, EMA_WARMUP / (EMA_WARMUP + self.num_steps))
        for mean, now in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.lerp_(now, share)
        for kept, last in zip(self.model.buffers(), model.buffers(), strict=True):
            kept.copy_(last)
        self.num_steps += 1
