"""Weights, gradients and optimizer state in shards, one per process: torch's FSDP.

What training holds per parameter (its weight, gradient, two moments, a running mean) is
then divided by the number of processes; a block's weights are whole only while it runs.
"""

from typing import Any

from torch import nn
from torch.distributed.fsdp import fully_shard

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.vit import Block


def shard(model: nn.Module, mesh: Any) -> nn.Module:
    """Divide the parameters of a model over the processes of a mesh, in place.

    Raises:
        UsageError: If it has no transformer blocks, which are what is gathered at a time.
    """
    blocks = [module for module in model.modules() if isinstance(module, Block)]
    if not blocks:
        raise UsageError(
            "strategy: fsdp must be given a vision transformer, got a network without "
            "such blocks; leave it out, replicas are small"
        )
    along = mesh["data_parallel"]
    for block in blocks:
        fully_shard(block, mesh=along)
    fully_shard(model, mesh=along, reshard_after_forward=True)
    return model


def is_sharded(fabric: Any) -> bool:
    """Return whether models that this Fabric sets up are divided."""
    from lightning_fabric.strategies.model_parallel import (  # noqa: PLC0415 - 3 s, for training alone
        ModelParallelStrategy,
    )

    return isinstance(fabric.strategy, ModelParallelStrategy)
