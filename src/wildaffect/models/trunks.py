"""What tasks share of the temporal encoder: one class per way of sharing.

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
from wildaffect.models.temporal.build import (
    bottom_layers,
    build_temporal_encoder,
    own_layers,
)
from wildaffect.models.temporal.encoder import TemporalEncoder


class Trunk(nn.Module, ABC):
    """Gives each task its states before it is told anything, and the rest after.

    Attributes:
        dims: Width of what enters the head of each task.
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
        """Return what enters the task's head: its states, feedback behind them."""
        return states


class SeparateTrunk(Trunk):
    """An encoder per task; feedback goes straight to the head.

    It could not go into the encoder without looking further ahead than the delay allows.
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
        """Return what each task's encoder makes of the features."""
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
    """Shared first layers, then own layers per task, which also read the feedback.

    Source:
        The ABAW4 system (arXiv 2207.09373) as its public code has it, where the number
        given is that of the own layers. Own layers begin with a projection and, in the
        transformer, positions once more, as there.
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
        """Return the shared layers' states for every task."""
        return dict.fromkeys(self.dims, self.bottom(features, lengths, times_s))

    def finish(
        self, task: Task, states: Tensor, lengths: Tensor, times_s: Tensor
    ) -> Tensor:
        """Return what the task's own layers make of states and feedback."""
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
