"""Sharded training with torch's FSDP.

The memory per parameter (weight, gradient, two moments, EMA) is divided by the number of
processes; the weights of a block are gathered only while it runs.
"""

from typing import Any

from torch import nn

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.vit import Block


def shard(model: nn.Module, mesh: Any) -> nn.Module:
    """Shard the parameters of a model over the processes of a mesh, in place.

    Raises:
        UsageError: If it has no transformer blocks, which are the units of sharding.
    """
    from torch.distributed.fsdp import fully_shard  # noqa: PLC0415 - 1 s, for few runs

    blocks = [module for module in model.modules() if isinstance(module, Block)]
    if not blocks:
        raise UsageError(
            "strategy: fsdp supports vision transformers only; use ddp for this network"
        )
    along = mesh["data_parallel"]
    for block in blocks:
        fully_shard(block, mesh=along)
    fully_shard(model, mesh=along, reshard_after_forward=True)
    return model


def is_sharded(fabric: Any) -> bool:
    """Return whether this Fabric shards models."""
    from lightning_fabric.strategies.model_parallel import (  # noqa: PLC0415 - 3 s, for training alone
        ModelParallelStrategy,
    )

    return isinstance(fabric.strategy, ModelParallelStrategy)
