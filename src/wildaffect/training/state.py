"""The state of what trains: whole in files, also where each process holds a shard of it.

Tensors are named after parameters, not counted, so that a run may go on with another number
of processes, or with shards where it had none.
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

from wildaffect.training.ema import EMA

_IN_FIRST = StateDictOptions(full_state_dict=True, cpu_offload=True)
_FROM_WHOLE = StateDictOptions(full_state_dict=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainState:
    """Everything of a run that a step changes."""

    model: nn.Module
    """Whose parameters may be shards."""
    loss: nn.Module
    optimizer: Optimizer
    """Over parameters of `model` and `loss`; torch's own, not what Fabric makes of it."""
    scheduler: LRScheduler
    ema: EMA | None
    """Of weights; None keeps those of `model`."""
    eval_model: nn.Module | None = None
    """What is judged where `model` is in shards, on the CPU; None judges what is kept."""

    @property
    def output_model(self) -> nn.Module:
        """Return the model whose weights count: the running mean if there is one."""
        return self.ema.model if self.ema else self.model

    def output_weights(self) -> dict[str, Tensor]:
        """Return those in the first process, nothing in others; all of them must call."""
        return whole_weights(self.output_model)

    @contextmanager
    def model_to_evaluate(self, device: Any) -> Iterator[nn.Module]:
        """Give the model whose weights count, whole in the first process; all must call."""
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
        """Return weights and the rest in the first process; all of them must call."""
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
        """Go on from what `state_dict` returned; each process gives the whole.

        Raises:
            RuntimeError, KeyError, TypeError, ValueError: If it is of another model.
        """
        set_model_state_dict(self.model, {**weights}, options=_FROM_WHOLE)
        set_optimizer_state_dict(
            self._owner, self.optimizer, rest["optimizer"], options=_FROM_WHOLE
        )
        self._lay_out()
        self.scheduler.load_state_dict(rest["scheduler"])
        self.loss.load_state_dict(rest["loss"])
        if self.ema:
            means, self.ema.num_steps = rest["ema"]
            set_model_state_dict(self.ema.model, means, options=_FROM_WHOLE)

    def _lay_out(self) -> None:
        """Give moments the strides of their parameters, as the fused step expects.

        It goes through memory in one pass: channels-last weights with moments of another
        layout, such as those of a run in shards, would be mixed up without a word.
        """
        for parameter, moments in self.optimizer.state.items():
            for name, value in moments.items():
                is_alike = value.shape == parameter.shape
                if is_alike and value.stride() != parameter.stride():
                    moments[name] = torch.empty_like(parameter).copy_(value)

    @property
    def _owner(self) -> nn.Module:
        """Return one module that has all parameters, as their names are those in it."""
        return nn.ModuleDict({"model": self.model, "loss": self.loss})


def whole_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return whole tensors on the CPU in the first process, nothing in the others."""
    found: dict[str, Any] = {**get_model_state_dict(model, options=_IN_FIRST)}
    return found
