"""Frame-wise baseline without temporal context.

Symbols: B windows, T rows, D features, H hidden.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.encoder import TemporalEncoder, check_encoder


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameConfig(Config):
    """Row-wise linear layers."""

    hidden_dim: int = 256
    """H."""
    num_layers: int = 2
    dropout: float = 0.1
    """Dropout after each layer, in [0, 1)."""
    delay_s: float | None = None
    """No effect, because rows are independent; for consistency with other encoders."""
    kind: Literal["frame"] = "frame"

    def __post_init__(self) -> None:
        check_encoder(
            self.kind,
            num_layers=self.num_layers,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            delay_s=self.delay_s,
        )


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
