"""A running mean of weights, kept in place of the last ones."""

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

WARM_MEAN = 9.0
"""How fast a running mean of weights forgets the untrained ones at first: after n steps
the newest count 9 / (9 + n), until that falls to what the recipe says."""


def running_mean(model: nn.Module, decay: float) -> AveragedModel | None:
    """Return the mean of a model's weights, to be updated after every step; None for 0."""
    if not decay:
        return None

    def average(mean: Tensor, now: Tensor, num_steps: Tensor | int) -> Tensor:
        share = max(1 - decay, WARM_MEAN / (WARM_MEAN + float(num_steps)))
        return mean + share * (now - mean)

    return AveragedModel(model, avg_fn=average)
