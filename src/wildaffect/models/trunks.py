"""Trunks: how tasks share the temporal encoder.

Symbols: B windows, T rows, D features, H state, F feedback.
"""

from abc import ABC, abstractmethod
from typing import assert_never

from torch import Tensor, nn

from wildaffect.core.tasks import Task
from wildaffect.models.frameworks import (
    ModelConfig,
    SeparateEncoders,
    ShareBottom,
    ShareEncoder,
    feedback_dim,
)
from wildaffect.models.temporal.build import build_temporal_encoder
from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.models.temporal.layers import bottom_layers, own_layers


class Trunk(nn.Module, ABC):
    """Computes the states of each task, before and after feedback.

    Attributes:
        dims: Input width of the head of each task.
    """

    def __init__(self, dims: dict[Task, int]) -> None:
        super().__init__()
        self.dims = dims

    @abstractmethod
    def begin(
        self, features: Tensor, lengths: Tensor, times_s: Tensor
    ) -> dict[Task, Tensor]:
        """Return the states of every task, shape (B, T, H)."""

    def finish(
        self,
        task: Task,  # noqa: ARG002 - for trunks with own layers
        states: Tensor,
        lengths: Tensor,  # noqa: ARG002
        times_s: Tensor,  # noqa: ARG002
    ) -> Tensor:
        """Return the input of the task's head: its states and feedback."""
        return states


class SeparateTrunk(Trunk):
    """Separate encoder per task; feedback goes to the head.

    Feedback into the encoder would look further ahead than the delay allows.
    """

    def __init__(self, config: ModelConfig, input_dim: int) -> None:
        encoders = {
            task: build_temporal_encoder(config.encoder, input_dim) for task in config.tasks
        }
        super().__init__(
            {
                task: encoder.output_dim + feedback_dim(config, task)
                for task, encoder in encoders.items()
            }
        )
        self.encoders = _by_name(encoders)

    def begin(
        self, features: Tensor, lengths: Tensor, times_s: Tensor
    ) -> dict[Task, Tensor]:
        """Return the output of each task's encoder."""
        return {
            Task(name): encoder(features, lengths, times_s)
            for name, encoder in self.encoders.items()
        }


class SharedTrunk(Trunk):
    """One encoder for all tasks; feedback goes to the head."""

    def __init__(self, config: ModelConfig, input_dim: int) -> None:
        encoder = build_temporal_encoder(config.encoder, input_dim)
        super().__init__(
            {task: encoder.output_dim + feedback_dim(config, task) for task in config.tasks}
        )
        self.encoder = encoder

    def begin(
        self, features: Tensor, lengths: Tensor, times_s: Tensor
    ) -> dict[Task, Tensor]:
        """Return the same states for every task."""
        return dict.fromkeys(self.dims, self.encoder(features, lengths, times_s))


class SharedBottomTrunk(Trunk):
    """Shared first layers, then separate layers per task, which also read the feedback.

    Source:
        Public code of the ABAW4 system (arXiv 2207.09373), which counts the separate
        layers instead. As there, separate layers begin with a projection and, in the
        transformer, with positions again.
    """

    def __init__(self, config: ModelConfig, num_shared_layers: int, input_dim: int) -> None:
        bottom = build_temporal_encoder(
            bottom_layers(config.encoder, num_shared_layers), input_dim
        )
        own = {}
        for task in config.tasks:
            width = feedback_dim(config, task)
            layers = own_layers(config.encoder, num_shared_layers, width)
            own[task] = build_temporal_encoder(layers, bottom.output_dim + width)
        super().__init__({task: encoder.output_dim for task, encoder in own.items()})
        self.bottom = bottom
        self.own = _by_name(own)

    def begin(
        self, features: Tensor, lengths: Tensor, times_s: Tensor
    ) -> dict[Task, Tensor]:
        """Return the states of the shared layers for every task."""
        return dict.fromkeys(self.dims, self.bottom(features, lengths, times_s))

    def finish(
        self, task: Task, states: Tensor, lengths: Tensor, times_s: Tensor
    ) -> Tensor:
        """Return the output of the task's own layers."""
        return self.own[task](states, lengths, times_s)


def build_trunk(config: ModelConfig, input_dim: int) -> Trunk:
    """Build what `config.framework.trunk` describes."""
    match config.framework.trunk:
        case SeparateEncoders():
            return SeparateTrunk(config, input_dim)
        case ShareEncoder():
            return SharedTrunk(config, input_dim)
        case ShareBottom(num_shared_layers=num_shared_layers):
            return SharedBottomTrunk(config, num_shared_layers, input_dim)
        case never:
            assert_never(never)


def _by_name(encoders: dict[Task, TemporalEncoder]) -> nn.ModuleDict:
    return nn.ModuleDict({str(task): encoder for task, encoder in encoders.items()})
