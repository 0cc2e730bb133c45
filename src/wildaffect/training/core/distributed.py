"""Single- and multi-process training: a thin layer over Lightning Fabric.

`torchrun` starts several processes, on one machine or on several that share the folder of
the run; otherwise there is one. Losses are computed on the windows of all processes
together, because the CCC of a batch is not the mean CCC of its parts. The number of
processes therefore changes the result only by rounding and by what is drawn per process:
dropout, noise on features and the truth in label feedback.
"""

import os
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, distributed

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.training.core.sharding import shard

Precision = Literal["32-true", "bf16-mixed"]
Strategy = Literal["ddp", "fsdp"]
"""Per process: a replica of the model (ddp) or a shard of it (fsdp)."""


def use_threads(num_threads: int) -> None:
    """Set the number of CPU threads of tensor operations.

    Raises:
        UsageError: If it is no number above 0.
    """
    if not isinstance(num_threads, int) or num_threads < 1:
        raise UsageError(f"threads: must be a number above 0, got {num_threads!r}")
    torch.set_num_threads(num_threads)


@dataclass(frozen=True, slots=True)
class Processes:
    """Number of training processes and the rank of this one."""

    count: int = 1
    rank: int = 0


def launch(accelerator: str, precision: Precision, strategy: Strategy = "ddp") -> Any:
    """Return the Fabric of this process, connected to the other processes if any.

    Args:
        accelerator: `auto`, `cpu` or `cuda`.
        precision: Precision of the forward pass; losses are always float32.
        strategy: Distribution of the model over several processes.

    Raises:
        UsageError: If the accelerator is not available, or `fsdp` is used with one process.
    """
    from lightning_fabric import Fabric  # noqa: PLC0415 - 3 s, for training alone
    from lightning_fabric.plugins.environments.lightning import (  # noqa: PLC0415
        LightningEnvironment,
    )
    from lightning_fabric.plugins.environments.torchelastic import (  # noqa: PLC0415
        TorchElasticEnvironment,
    )

    local, world_size = _number("LOCAL_WORLD_SIZE", 1), _number("WORLD_SIZE", 1)
    _check_accelerator(accelerator, local)
    is_joined = world_size > 1
    fabric = Fabric(
        accelerator=accelerator,
        devices=local,
        num_nodes=world_size // local,
        strategy=_strategy_of(strategy, world_size),
        # Set explicitly: inside a cluster job, a plain start is still a single process.
        plugins=[TorchElasticEnvironment() if is_joined else LightningEnvironment()],
        precision=precision,
    )
    fabric.launch()
    return fabric


def _strategy_of(strategy: Strategy, world_size: int) -> Any:
    from lightning_fabric.strategies.model_parallel import (  # noqa: PLC0415
        ModelParallelStrategy,
    )

    if strategy == "ddp":
        return "ddp" if world_size > 1 else "auto"
    if world_size == 1:
        raise UsageError(
            "strategy: fsdp needs several processes to shard a model; start with torchrun"
        )
    return ModelParallelStrategy(
        shard, data_parallel_size=world_size, tensor_parallel_size=1
    )


def _check_accelerator(accelerator: str, num_local: int) -> None:
    if accelerator not in {"auto", "cpu", "cuda"}:
        raise UsageError(f"device: must be auto, cpu or cuda, got {accelerator!r}")
    if accelerator == "cpu":
        return
    num_found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if accelerator == "cuda" and not num_found:
        raise UsageError("device: no CUDA device found; use cpu")
    if 0 < num_found < num_local:
        raise UsageError(
            f"device: {num_local} processes on this machine but only {num_found} GPUs; "
            "start fewer processes, or use cpu"
        )


def is_first_process() -> bool:
    """Return whether this is the process that prints and writes files."""
    return _number("RANK", 0) == 0


def num_processes() -> int:
    """Return how many processes were started together."""
    return _number("WORLD_SIZE", 1)


def processes_of(fabric: Any) -> Processes:
    """Return the number of processes and the rank of this one."""
    return Processes(count=fabric.world_size, rank=fabric.global_rank)


def gather(fabric: Any, tensors: dict[Task, Tensor]) -> dict[Task, Tensor]:
    """Return the tensors of all processes, concatenated along the first axis.

    The second axis is zero-padded to the longest. Gradients flow back to every process; the
    subsequent mean over processes yields the gradient of the joint loss.
    """
    if fabric.world_size == 1:
        return tensors
    some = next(iter(tensors.values()))
    num_rows = torch.tensor(some.shape[1], device=some.device)
    longest = int(fabric.all_reduce(num_rows, reduce_op="max"))
    return {task: _gather_one(tensor, longest) for task, tensor in tensors.items()}


def _gather_one(tensor: Tensor, longest: int) -> Tensor:
    is_mask = tensor.dtype == torch.bool
    missing = longest - tensor.shape[1]
    padding = (0, 0) * (tensor.ndim - 2) + (0, missing)
    padded = torch.nn.functional.pad(tensor.to(torch.uint8) if is_mask else tensor, padding)
    gathered: Tensor = _AllGather.apply(padded.contiguous())
    joined = gathered.flatten(0, 1)
    return joined.bool() if is_mask else joined


class _AllGather(torch.autograd.Function):
    """Tensors of all processes, stacked; their gradients are summed over processes.

    Fabric's own uses functions of torch that are deprecated.
    """

    @staticmethod
    def forward(_: Any, own: Tensor) -> Tensor:
        """Return the tensors in order of rank."""
        every = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
        distributed.all_gather(every, own)
        return torch.stack(every)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        """Return the gradient of this process's tensor."""
        (gradient,) = gradients
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total[distributed.get_rank()]


def _number(name: str, otherwise: int) -> int:
    return int(os.environ.get(name, otherwise))
