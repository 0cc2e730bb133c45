"""Head: maps states of a window to the raw outputs of one task.

Symbols: B windows, T rows, H state, K outputs, F last hidden vector.
"""

from typing import NamedTuple

from torch import Tensor, nn

from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.models.dropout import Dropout
from wildaffect.models.frameworks import HeadConfig


class HeadOutput(NamedTuple):
    """Output and last hidden vector of a head."""

    raw: Tensor
    """Logits, or unbounded values of valence, arousal and positions on scales; (B, T, K),
    float32."""
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
        case Task.DIMENSIONS | Task.INTENSITIES:
            if not len(spaces.scales(task)):
                raise ValueError(f"model: there are no {task} in the labels to predict")
            return len(spaces.scales(task))
