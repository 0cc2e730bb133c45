"""A step in portions: as many crops in memory as fit, and the gradient of all of them.

How many fit changes nothing of what is learned, but for rounding.
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
from wildaffect.training.distributed import Processes, processes_of
from wildaffect.training.sharding import is_sharded

Outputs = dict[Task, Tensor]


class GradientAccumulator:
    """Goes through this process's crops of a step, and adds up their gradient.

    Args:
        fabric: Of this process.
        micro_batch_size: Crops in memory; None takes all.
        seed: Of what networks draw, such as dropout.
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
        """Add the gradient of a loss that is a mean over crops; return that loss.

        Args:
            forward: Network as Fabric set it up.
            num_crops: Of this process, as many as of every other.
            step: Its number.
            loss_of: Mean over some of the crops.
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
        """Add the gradient of a loss of all crops together, such as a CCC; return it.

        In portions the crops go through the network twice: first for their outputs alone,
        which give the loss and its gradient at each output, then portion by portion for the
        gradient at the weights. Both times chance draws the same.

        Args:
            forward: Network as Fabric set it up.
            num_crops: Of this process.
            step: Its number.
            outputs_of: What the network says of some of the crops.
            report_of: Loss of the outputs of all crops.
        """
        cuts = self._cut(num_crops)
        if len(cuts) == 1:
            self._seed_chance(step, 0)
            report = report_of(outputs_of(cuts[0]))
            self._fabric.backward(report.total)
            return report
        with torch.no_grad():
            said = [self._drawn(outputs_of, step, n, cut) for n, cut in enumerate(cuts)]
        outputs = {
            task: torch.cat([one[task] for one in said]).requires_grad_()
            for task in said[0]
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
        """Keep processes from exchanging gradients before the last portion.

        Shards are exchanged each time: whole gradients are what they have no memory for.
        """
        if is_last or self._fabric.world_size == 1 or is_sharded(self._fabric):
            return nullcontext()
        waiting: AbstractContextManager[None] = self._fabric.no_backward_sync(forward)
        return waiting


def crops_per_process(name: str, batch_size: int, processes: Processes) -> int:
    """Return how many crops of a step each process has.

    Raises:
        UsageError: If the batch size is no multiple of the number of processes.
    """
    if batch_size % processes.count:
        raise UsageError(
            f"{name}: batch_size must be a multiple of the {processes.count} processes, "
            f"got {batch_size}"
        )
    return batch_size // processes.count


def out_of_memory_message(num_crops: int, less: str) -> str:
    """Return what to say where a step found no memory."""
    return (
        f"a step must fit into memory, got too much for {num_crops} crops at once; go on "
        f"with {less}, or try --precision bf16-mixed in another folder (-o)"
    )


def check_micro_batch_size(
    model: nn.Module, num_crops: int, micro_batch_size: int | None
) -> None:
    """Refuse portions where they would change what is learned.

    Raises:
        UsageError: If fewer than one crop is to be in memory, or a network's batch norms
            reckon with all crops of a step.
    """
    if micro_batch_size is None:
        return
    if micro_batch_size < 1:
        raise UsageError(f"micro-batch-size: must be at least 1, got {micro_batch_size}")
    if micro_batch_size < num_crops and has_batch_norm(model):
        raise UsageError(
            f"micro-batch-size: batch norm needs all {num_crops} crops of a process "
            f"at once, got {micro_batch_size}; use --recompute, or more processes"
        )


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether any layer reckons with the crops beside one."""
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def _with_gradient(outputs: Outputs, known: Outputs, cut: slice) -> Tensor:
    """Return a number whose gradient at the outputs is the one that is known of them."""
    products = []
    for task, value in outputs.items():
        gradient = known[task].grad
        if gradient is not None:
            products.append((value.float() * gradient[cut]).sum())
    return torch.stack(products).sum()
