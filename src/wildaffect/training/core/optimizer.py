"""Optimizer of every kind of training."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.optim import AdamW

from wildaffect.training.core.recipe import OptimConfig


def build_optimizer(groups: Sequence[dict[str, Any]], config: OptimConfig) -> AdamW:
    """Return fused AdamW over parameter groups."""
    return AdamW(list(groups), lr=config.peak_lr, betas=config.betas, fused=True)


def decay_groups(
    model: nn.Module, loss: nn.Module, weight_decay: float
) -> list[dict[str, Any]]:
    """Return two groups: weight decay is for matrices; not biases, gains, task weights.

    Frozen parameters, such as those of a teacher in the loss, are in neither.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    of_loss = [p for p in loss.parameters() if p.requires_grad]
    matrices = [p for p in parameters if p.ndim >= 2]
    rest = [*(p for p in parameters if p.ndim < 2), *of_loss]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
