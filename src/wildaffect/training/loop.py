"""Training loop of temporal models, as a generator of optimizer steps."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wildaffect.core.errors import WildAffectError
from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossReport
from wildaffect.models.feedback import GroundTruth
from wildaffect.training.distributed import gather, processes_of
from wildaffect.training.tensors import TensorBatch

_CHANCE = 0xD20
"""Separates the random stream of a step from that of its windows."""


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


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Objects that a training step uses; `model` and `optimizer` are set up by Fabric."""

    fabric: Any
    model: nn.Module
    loss: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler
    seed: int
    max_grad_norm: float
    truth_share: Callable[[int], float]
    """Step -> share of ground truth in label feedback."""
    perturb: Callable[[Tensor], Tensor]
    """Augmentation of the features."""


def train(
    parts: Parts, batches: Iterable[TensorBatch], *, first_step: int = 0
) -> Iterator[Step]:
    """Yield after every optimizer step; the caller logs, evaluates, saves and stops.

    Dropout and noise of a step depend only on the seed, the step and the process, so that a
    run resumes exactly without a stored random state.

    Raises:
        Diverged: If the loss or the gradient is not finite.
    """
    for index, batch in enumerate(batches, start=first_step):
        parts.model.train()  # the caller may have evaluated since the last step
        _seed_step(parts, index)
        truth = GroundTruth(batch.targets, batch.valid, parts.truth_share(index))
        outputs = parts.model(
            parts.perturb(batch.features), batch.lengths, batch.times_s, truth
        )
        report = parts.loss(
            gather(parts.fabric, outputs),
            gather(parts.fabric, batch.targets),
            gather(parts.fabric, batch.valid),
        )
        parts.fabric.backward(report.total)
        yield optimizer_step(
            parts.optimizer,
            parts.scheduler,
            report,
            max_grad_norm=parts.max_grad_norm,
            index=index,
        )


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
    step = _describe(index, report, grad_norm, lr)
    optimizer.step()
    optimizer.zero_grad()
    scheduler.step()
    return step


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


def _seed_step(parts: Parts, index: int) -> None:
    rank = processes_of(parts.fabric).rank
    sequence = np.random.SeedSequence((parts.seed, _CHANCE, index, rank))
    torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0]))


def _describe(index: int, report: LossReport, grad_norm: Tensor, lr: float) -> Step:
    """Return the metrics of a step, copied from the device in one transfer."""
    values = torch.stack([report.total, grad_norm, *report.per_task.values()])
    loss, norm, *losses = values.detach().tolist()
    per_task = dict(zip(report.per_task, losses, strict=True))
    if not (isfinite(loss) and isfinite(norm)):
        named = ", ".join(f"{task} {value:g}" for task, value in per_task.items())
        raise Diverged(
            f"step {index}: loss or gradient is not finite (losses: {named}; gradient "
            f"norm: {norm:g}); lower --optim.peak-lr"
        )
    return Step(index, loss, per_task, norm, lr)
