"""Optimizer step with clipped gradients and checked loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wildaffect.core.errors import WildAffectError
from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossReport


class Diverged(WildAffectError):
    """The loss or its gradient is not finite; the weights are those before the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """Metrics of one optimizer step."""

    index: int
    loss: float
    per_task: dict[Task, float]
    grad_norm: float
    lr: float


def optimizer_step(
    optimizer: Optimizer,
    scheduler: LRScheduler,
    report: LossReport,
    *,
    max_grad_norm: float,
    index: int,
) -> Step:
    """Clip gradients, take one optimizer step, and reset the gradients.

    Raises:
        Diverged: If the loss or the gradient is not finite; nothing changes then.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    grad_norm = clip_gradients(parameters, max_grad_norm)
    lr = max(float(group["lr"]) for group in optimizer.param_groups)
    # copied from the device in one transfer
    values = torch.stack([report.total, grad_norm, *report.per_task.values()])
    loss, norm, *losses = values.detach().tolist()
    per_task = dict(zip(report.per_task, losses, strict=True))
    if not (isfinite(loss) and isfinite(norm)):
        named = ", ".join(f"{task} {value:g}" for task, value in per_task.items())
        raise Diverged(
            f"step {index}: loss or gradient is not finite (losses: {named}; gradient "
            f"norm: {norm:g}); lower optim.peak_lr"
        )
    optimizer.step()
    optimizer.zero_grad()
    scheduler.step()
    return Step(index, loss, per_task, norm, lr)


def clip_gradients(parameters: Sequence[Tensor], max_norm: float) -> Tensor:
    """Clip the global gradient norm; return the norm before clipping.

    Some parameters may be sharded, others replicated.
    """
    shards = [p for p in parameters if isinstance(p, DTensor)]
    if not shards:
        return nn.utils.clip_grad_norm_(parameters, max_norm)
    own = [p for p in parameters if not isinstance(p, DTensor)]
    norms = [
        nn.utils.get_total_norm([p.grad for p in kind if p.grad is not None])
        for kind in (shards, own)
        if kind
    ]
    whole = [norm.full_tensor() if isinstance(norm, DTensor) else norm for norm in norms]
    total = torch.linalg.vector_norm(torch.stack(whole))
    for kind in (shards, own):
        nn.utils.clip_grads_with_norm_(kind, max_norm, total)
    return total
