"""Training state; files hold full tensors, also if each process holds a shard.

Optimizer state is keyed by parameter name instead of index, so that a run can resume with
another number of processes or another strategy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from wildaffect.training.core.ema import EMA

_IN_FIRST = StateDictOptions(full_state_dict=True, cpu_offload=True)
_FROM_WHOLE = StateDictOptions(full_state_dict=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainState:
    """Objects of a run that a training step changes."""

    model: nn.Module
    """Model in training; its parameters may be sharded."""
    loss: nn.Module
    optimizer: Optimizer
    """Torch optimizer (not Fabric's wrapper) of the parameters of `model` and `loss`."""
    scheduler: LRScheduler
    ema: EMA | None
    """Average of the weights; None to use those of `model`."""
    eval_model: nn.Module | None = None
    """Full copy on the CPU to evaluate if `model` is sharded; None if it is not."""

    @property
    def output_model(self) -> nn.Module:
        """Return the model whose weights are saved: the EMA if there is one."""
        return self.ema.model if self.ema else self.model

    def output_weights(self) -> dict[str, Tensor]:
        """Return these weights in the first process; call in all of them."""
        return whole_weights(self.output_model)

    @contextmanager
    def model_to_evaluate(self, device: Any) -> Iterator[nn.Module]:
        """Provide the model to evaluate in the first process; call in all of them."""
        if self.eval_model is None:
            yield self.output_model
            return
        weights = self.output_weights()
        if weights:
            self.eval_model.load_state_dict(weights)
            self.eval_model.to(device)
        yield self.eval_model
        self.eval_model.to("cpu")

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return weights and other state in the first process; call in all of them."""
        ema = self.ema
        rest = {
            "optimizer": get_optimizer_state_dict(
                self._owner, self.optimizer, options=_IN_FIRST
            ),
            "scheduler": self.scheduler.state_dict(),
            "loss": self.loss.state_dict(),
            "ema": (whole_weights(ema.model), ema.num_steps) if ema else None,
        }
        return whole_weights(self.model), rest

    def load_state_dict(self, weights: dict[str, Tensor], rest: dict[str, Any]) -> None:
        """Restore what `state_dict` returned; each process passes the full state.

        Raises:
            RuntimeError, KeyError, TypeError, ValueError: If it belongs to another model.
        """
        set_model_state_dict(self.model, {**weights}, options=_FROM_WHOLE)
        set_optimizer_state_dict(
            self._owner, self.optimizer, rest["optimizer"], options=_FROM_WHOLE
        )
        self._match_strides()
        self.scheduler.load_state_dict(rest["scheduler"])
        self.loss.load_state_dict(rest["loss"])
        if self.ema:
            means, self.ema.num_steps = rest["ema"]
            set_model_state_dict(self.ema.model, means, options=_FROM_WHOLE)

    def _match_strides(self) -> None:
        """Give the moments the strides of their parameters.

        The fused optimizer assumes a common memory layout: with channels-last weights and
        moments of another layout (such as from a sharded run), it silently mixes up
        entries.
        """
        for parameter, moments in self.optimizer.state.items():
            for name, value in moments.items():
                is_alike = value.shape == parameter.shape
                if is_alike and value.stride() != parameter.stride():
                    moments[name] = torch.empty_like(parameter).copy_(value)

    @property
    def _owner(self) -> nn.Module:
        """Return a module with all parameters, for unique parameter names."""
        return nn.ModuleDict({"model": self.model, "loss": self.loss})


def whole_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return full tensors on the CPU in the first process, and nothing in the others."""
    found: dict[str, Any] = {**get_model_state_dict(model, options=_IN_FIRST)}
    return found
