"""The training loop: one optimizer step at a time; what happens between is the caller's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wildaffect.core.errors import WildAffectError
from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossReport
from wildaffect.models.feedback import GroundTruth
from wildaffect.training.distributed import gather
from wildaffect.training.tensors import TensorBatch


class Diverged(WildAffectError):
    """The loss or its gradient is no number any more; weights are those before the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one optimizer step was."""

    index: int
    loss: float
    per_task: dict[Task, float]
    grad_norm: float
    lr: float


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a step works on; `model` and `optimizer` are those that Fabric set up."""

    fabric: Any
    model: nn.Module
    loss: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler
    max_grad_norm: float
    truth_share: Callable[[int], float]
    """Step -> share of ground truth that label feedback sees."""
    perturb: Callable[[Tensor], Tensor]
    """What is done to the features in training."""


def train(
    parts: Parts, batches: Iterable[TensorBatch], *, first_step: int = 0
) -> Iterator[Step]:
    """Yield after every optimizer step; the caller logs, evaluates, saves and ends it.

    Raises:
        Diverged: If the loss or the gradient is not finite.
    """
    for index, batch in enumerate(batches, start=first_step):
        parts.model.train()  # the caller may have evaluated since the last step
        truth = GroundTruth(batch.targets, batch.valid, parts.truth_share(index))
        outputs = parts.model(
            parts.perturb(batch.features), batch.lengths, batch.times_s, truth
        )
        joined = {task: value.float() for task, value in outputs.items()}
        report = parts.loss(
            gather(parts.fabric, joined),
            gather(parts.fabric, batch.targets),
            gather(parts.fabric, batch.valid),
        )
        yield optimise(
            parts.fabric,
            parts.optimizer,
            parts.scheduler,
            report,
            max_grad_norm=parts.max_grad_norm,
            index=index,
        )


def optimise(
    fabric: Any,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    report: LossReport,
    *,
    max_grad_norm: float,
    index: int,
) -> Step:
    """Take one optimizer step down the gradient of a loss.

    Raises:
        Diverged: If the loss or the gradient is not finite; nothing is changed then.
    """
    optimizer.zero_grad()
    fabric.backward(report.total)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    grad_norm = nn.utils.clip_grad_norm_(parameters, max_grad_norm)
    per_task = {task: value.item() for task, value in report.per_task.items()}
    if not torch.isfinite(report.total + grad_norm):
        raise Diverged(
            f"step {index}: loss and gradient must be finite, got "
            f"{ {str(task): value for task, value in per_task.items()} } and gradient "
            f"norm {grad_norm.item()}; lower --optim.peak-lr"
        )
    lr = max(float(group["lr"]) for group in optimizer.param_groups)
    optimizer.step()
    scheduler.step()
    return Step(index, report.total.item(), per_task, grad_norm.item(), lr)
