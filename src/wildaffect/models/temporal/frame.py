"""Frame-wise baseline without temporal context.

Symbols: B windows, T rows, D features, H hidden.
"""

from torch import Tensor, nn

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.config import FrameConfig
from wildaffect.models.temporal.encoder import TemporalEncoder


class FrameEncoder(TemporalEncoder):
    """Linear, GELU and dropout per layer."""

    def __init__(self, config: FrameConfig, input_dim: int) -> None:
        super().__init__(config.hidden_dim)
        widths = [input_dim, *[config.hidden_dim] * (config.num_layers - 1)]
        self.layers = nn.Sequential(
            *(
                part
                for width in widths
                for part in (
                    nn.Linear(width, config.hidden_dim),
                    nn.GELU(),
                    Dropout(config.dropout),
                )
            )
        )

    def encode(
        self,
        features: Tensor,
        times_s: Tensor,  # noqa: ARG002 - as every encoder
        real: Tensor | None,  # noqa: ARG002
    ) -> Tensor:
        """Return the states of the last layer, shape (B, T, H)."""
        return self.layers(features)
