"""Training loop of temporal models, as a generator of optimizer steps."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wildaffect.models.feedback import GroundTruth
from wildaffect.training.core.distributed import gather, processes_of
from wildaffect.training.core.loop import Step, optimizer_step
from wildaffect.training.temporal.tensors import TensorBatch

_CHANCE = 0xD20
"""Separates the random stream of a step from that of its windows."""


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


def _seed_step(parts: Parts, index: int) -> None:
    rank = processes_of(parts.fabric).rank
    sequence = np.random.SeedSequence((parts.seed, _CHANCE, index, rank))
    torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0]))
