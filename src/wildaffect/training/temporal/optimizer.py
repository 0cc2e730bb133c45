"""Optimizer of temporal training."""

from typing import Any

from torch import nn
from torch.optim import AdamW

from wildaffect.training.core.recipe import OptimConfig


def build_optimizer(model: nn.Module, loss: nn.Module, config: OptimConfig) -> AdamW:
    """Return fused AdamW over model and loss.

    Weight decay applies to matrices; not to biases, gains and task weights.
    """
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [*(p for p in model.parameters() if p.ndim < 2), *loss.parameters()]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=True)
