"""Learning rate schedule."""

from math import cos, pi

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from wildaffect.training.core.recipe import OptimConfig


def build_schedule(optimizer: Optimizer, config: OptimConfig, num_steps: int) -> LambdaLR:
    """Return a schedule that is stepped after every optimizer step."""
    return LambdaLR(optimizer, lambda step: lr_factor(step, config, num_steps))


def lr_factor(step: int, config: OptimConfig, num_steps: int) -> float:
    """Return the learning rate of a step (from 0) as a share of the peak, in (0, 1]."""
    num_warm = round(config.warmup_ratio * num_steps)
    num_held = num_warm + round(config.constant_ratio * num_steps)
    if step < num_warm:
        return (step + 1) / num_warm
    if step < num_held:
        return 1.0
    progress = min(1.0, (step - num_held) / max(1, num_steps - 1 - num_held))
    left = (1 + cos(pi * progress)) / 2 if config.decay == "cosine" else 1 - progress
    return config.final_lr_ratio + (1 - config.final_lr_ratio) * left
