"""Gradient accumulation over micro-batches, for batches that do not fit into memory.

The micro-batch size does not change the result, except for rounding.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.losses.multitask import LossReport
from wildaffect.training.core.distributed import Processes, processes_of
from wildaffect.training.core.sharding import is_sharded

Outputs = dict[Task, Tensor]


class GradientAccumulator:
    """Accumulates the gradient of this process's crops of a step.

    Args:
        fabric: Fabric of this process.
        micro_batch_size: Maximum number of crops in memory; None for all.
        seed: Random seed of the network, for example for dropout.
    """

    def __init__(self, fabric: Any, *, micro_batch_size: int | None, seed: int) -> None:
        self._fabric, self._micro_batch_size, self._seed = fabric, micro_batch_size, seed
        self._rank = processes_of(fabric).rank

    def mean_loss(
        self,
        forward: nn.Module,
        num_crops: int,
        step: int,
        loss_of: Callable[[slice], Tensor],
    ) -> Tensor:
        """Accumulate the gradient of a loss that is a mean over crops; return the loss.

        Args:
            forward: Network set up by Fabric.
            num_crops: Number of crops of this process, the same in every process.
            step: Number of the step.
            loss_of: Mean loss of a slice of the crops.
        """
        cuts = self._cut(num_crops)
        total = torch.zeros((), device=self._fabric.device)
        for number, cut in enumerate(cuts):
            with self._waiting(forward, is_last=cut is cuts[-1]):
                self._seed_chance(step, number)
                loss = loss_of(cut) * ((cut.stop - cut.start) / num_crops)
                self._fabric.backward(loss)
            total += loss.detach()
        mean: Tensor = self._fabric.all_reduce(total, reduce_op="mean")
        return mean

    def joint_loss(
        self,
        forward: nn.Module,
        num_crops: int,
        step: int,
        outputs_of: Callable[[slice], Outputs],
        report_of: Callable[[Outputs], LossReport],
    ) -> LossReport:
        """Accumulate the gradient of a loss of all crops jointly, such as CCC; return it.

        With micro-batches, there are two forward passes with the same random state: one
        for the outputs of all crops, which yield the loss and its gradient with respect to
        each output, and one per micro-batch to backpropagate that gradient.

        Args:
            forward: Network set up by Fabric.
            num_crops: Number of crops of this process.
            step: Number of the step.
            outputs_of: Outputs of a slice of the crops.
            report_of: Loss of the outputs of all crops.
        """
        cuts = self._cut(num_crops)
        if len(cuts) == 1:
            self._seed_chance(step, 0)
            report = report_of(outputs_of(cuts[0]))
            self._fabric.backward(report.total)
            return report
        with torch.no_grad():
            micro_outputs = [
                self._drawn(outputs_of, step, n, cut) for n, cut in enumerate(cuts)
            ]
        outputs = {
            task: torch.cat([part[task] for part in micro_outputs]).requires_grad_()
            for task in micro_outputs[0]
        }
        report = report_of(outputs)
        self._fabric.backward(report.total)
        for number, cut in enumerate(cuts):
            with self._waiting(forward, is_last=cut is cuts[-1]):
                again = self._drawn(outputs_of, step, number, cut)
                self._fabric.backward(_with_gradient(again, outputs, cut))
        return report

    def _cut(self, num_crops: int) -> list[slice]:
        size = min(self._micro_batch_size or num_crops, num_crops)
        return [
            slice(first, min(first + size, num_crops))
            for first in range(0, num_crops, size)
        ]

    def _drawn(
        self, outputs_of: Callable[[slice], Outputs], step: int, number: int, cut: slice
    ) -> Outputs:
        self._seed_chance(step, number)
        return outputs_of(cut)

    def _seed_chance(self, step: int, number: int) -> None:
        words = np.random.SeedSequence((self._seed, step, self._rank, number))
        torch.manual_seed(int(words.generate_state(1, np.uint64)[0] >> np.uint64(1)))

    def _waiting(
        self, forward: nn.Module, *, is_last: bool
    ) -> AbstractContextManager[None]:
        """Skip the gradient synchronization before the last micro-batch.

        Sharded models synchronize each time, because they have no memory for full
        gradients.
        """
        if is_last or self._fabric.world_size == 1 or is_sharded(self._fabric):
            return nullcontext()
        waiting: AbstractContextManager[None] = self._fabric.no_backward_sync(forward)
        return waiting


def crops_per_process(name: str, batch_size: int, processes: Processes) -> int:
    """Return the number of crops per process and step.

    Raises:
        UsageError: If the batch size is not a multiple of the number of processes.
    """
    if batch_size % processes.count:
        raise UsageError(
            f"{name}: batch_size must be a multiple of the {processes.count} processes, "
            f"got {batch_size}"
        )
    return batch_size // processes.count


def out_of_memory_message(num_crops: int, less: str) -> str:
    """Return the message for an out-of-memory error."""
    return (
        f"out of memory with {num_crops} crops per step; resume with {less}, or try "
        "precision bf16-mixed in another folder"
    )


def check_micro_batch_size(
    model: nn.Module, num_crops: int, micro_batch_size: int | None
) -> None:
    """Check that the micro-batch size does not change the result.

    Raises:
        UsageError: If it is less than 1, or too small for a network with batch norm.
    """
    if micro_batch_size is None:
        return
    if micro_batch_size < 1:
        raise UsageError(f"micro_batch_size: must be at least 1, got {micro_batch_size}")
    if micro_batch_size < num_crops and has_batch_norm(model):
        raise UsageError(
            f"micro_batch_size: batch norm needs all {num_crops} crops of a process "
            f"at once, got {micro_batch_size}; use recompute, or more processes"
        )


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether the network has batch norm layers."""
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def _with_gradient(outputs: Outputs, known: Outputs, cut: slice) -> Tensor:
    """Return a scalar whose gradient with respect to the outputs is the known one."""
    products = []
    for task, value in outputs.items():
        gradient = known[task].grad
        if gradient is not None:
            products.append((value.float() * gradient[cut]).sum())
    return torch.stack(products).sum()
