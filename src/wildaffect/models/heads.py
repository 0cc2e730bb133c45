"""Head: maps states of a window to the raw outputs of one task.

Symbols: B windows, T rows, H state, K outputs, F last hidden vector.
"""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.models.dropout import Dropout


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadConfig(Config):
    """Row-wise linear layers with ReLU; one head per task."""

    hidden_dims: tuple[int, ...] = (256,)
    """Width of each hidden layer; empty for a single linear layer."""
    dropout: float = 0.1
    """Dropout on the states and after each hidden layer, in [0, 1)."""

    def __post_init__(self) -> None:
        if any(dim < 1 for dim in self.hidden_dims):
            raise ValueError(
                f"head: hidden_dims must be at least 1 each, got {self.hidden_dims}"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"head: dropout must be in [0, 1), got {self.dropout}")


class HeadOutput(NamedTuple):
    """Output and last hidden vector of a head."""

    raw: Tensor
    """Logits or, for valence and arousal, unbounded values; (B, T, K), float32."""
    hidden: Tensor
    """Input of the last linear layer, shape (B, T, F)."""


class Head(nn.Module):
    """Dropout; linear, ReLU and dropout per hidden layer; then a linear layer.

    Source:
        Regressor and classifier of the ABAW4 system (arXiv 2207.09373). Different here:
        torch's default initialization.
    """

    def __init__(self, config: HeadConfig, input_dim: int, output_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(Dropout(config.dropout))
        for width in config.hidden_dims:
            self.layers.append(nn.Linear(input_dim, width))
            self.layers.append(nn.ReLU())
            self.layers.append(Dropout(config.dropout))
            input_dim = width
        self.output = nn.Linear(input_dim, output_dim)

    def forward(self, states: Tensor) -> HeadOutput:
        """Return outputs and last hidden vector of states of shape (B, T, H)."""
        hidden = self.layers(states)
        return HeadOutput(self.output(hidden).float(), hidden)


def num_outputs(task: Task, spaces: LabelSpaces) -> int:
    """Return K, the number of outputs per row of a task."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return 1
        case Task.EXPRESSION:
            return len(spaces.expressions)
        case Task.ACTION_UNITS:
            return len(spaces.action_units)
