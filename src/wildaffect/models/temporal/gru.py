"""The GRU of the ABAW4 system.

Symbols: B windows, T rows, D features, H units of one direction.
"""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from wildaffect.core.config import Config
from wildaffect.models.temporal.recurrent import RecurrentEncoder, check_recurrent


@dataclass(frozen=True, kw_only=True, slots=True)
class GRUConfig(Config):
    """GRU layers over rows and the gaps between them."""

    hidden_dim: int = 256
    """Units of one direction; with two the output has twice as many."""
    num_layers: int = 2
    dropout: float = 0.3
    """Between layers, in [0, 1)."""
    bidirectional: bool = False
    delay_s: float | None = None
    """None: as the direction says. A number: each row takes the state of the last row at
    most that many seconds later, and no second direction is possible."""
    kind: Literal["gru"] = "gru"

    def __post_init__(self) -> None:
        check_recurrent(
            self.kind,
            num_layers=self.num_layers,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
            delay_s=self.delay_s,
        )


class GRUEncoder(RecurrentEncoder):
    """GRU over rows.

    Source:
        The ABAW4 system (arXiv 2207.09373) as its public code has it: two layers, one
        direction. Different here: the time since the row before is an input; dropout
        behind the last layer is left to the heads, which have theirs in front; every
        window starts afresh unless `run` carries the state.
    """

    def __init__(self, config: GRUConfig, input_dim: int) -> None:
        super().__init__(
            gru_cell,
            input_dim,
            hidden_dim=config.hidden_dim,
            num_layers=config.num_layers,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
            delay_s=config.delay_s,
        )


def gru_cell(input_dim: int, hidden_dim: int) -> nn.RNNBase:
    """Return one layer of one direction."""
    return nn.GRU(input_dim, hidden_dim)
