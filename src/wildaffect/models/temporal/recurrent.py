"""What LSTM and GRU share: layers, directions, and state carried from chunk to chunk.

Symbols: B windows, T rows, D features, H units of one direction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wildaffect.core.config import Config
from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.encoder import (
    TemporalEncoder,
    check_encoder,
    real_rows,
    states_after_delay,
)
from wildaffect.models.temporal.gaps import with_gaps

CellState = Tensor | tuple[Tensor, Tensor]
"""What torch carries between calls: h, or h and c, each of shape (1, B, H)."""
Cell = Callable[[int, int], nn.RNNBase]
"""Takes the widths of input and state and returns one layer of one direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecurrentConfig(Config):
    """Layers over rows and the gaps between them."""

    hidden_dim: int = 256
    """Units of one direction; with two the output has twice as many."""
    num_layers: int = 1
    dropout: float = 0.0
    """Between layers, in [0, 1)."""
    bidirectional: bool = False
    delay_s: float | None = None
    """None: as the direction says. A number: each row takes the state of the last row at
    most that many seconds later, and no second direction is possible."""
    kind: str

    def __post_init__(self) -> None:
        check_encoder(
            self.kind,
            num_layers=self.num_layers,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            delay_s=self.delay_s,
        )
        if self.bidirectional and self.delay_s is not None:
            raise ValueError(
                f"{self.kind}: delay_s must be left out of a bidirectional encoder, which "
                f"sees the whole window, got {self.delay_s}; set bidirectional to False"
            )


class RecurrentState(NamedTuple):
    """Where a chunk ended; the next one goes on from there."""

    layers: tuple[CellState, ...]
    last_s: Tensor
    """Time of the last real row, shape (B,)."""


class RecurrentEncoder(TemporalEncoder):
    """Recurrent layers over rows and the gaps between them, dropout between layers.

    Padding stands behind the real rows, which a forward direction never reads; the
    backward one reads a window whose real rows alone were turned round.
    """

    def __init__(self, cell: Cell, config: RecurrentConfig, input_dim: int) -> None:
        super().__init__(config.hidden_dim * (2 if config.bidirectional else 1))
        self.delay_s = config.delay_s
        widths = [input_dim + 1, *[self.output_dim] * (config.num_layers - 1)]
        self.ahead = nn.ModuleList(cell(width, config.hidden_dim) for width in widths)
        self.back = nn.ModuleList(
            cell(width, config.hidden_dim)
            for width in (widths if config.bidirectional else ())
        )
        self.dropout = Dropout(config.dropout)

    def encode(self, features: Tensor, times_s: Tensor, real: Tensor | None) -> Tensor:
        """Return the states of the last layer, shape (B, T, H or 2 H)."""
        x = with_gaps(features, times_s)
        turned = turned_rows(x, real) if self.back else None
        for index, ahead in enumerate(self.ahead):
            x = self.dropout(x) if index else x
            states, _ = _run_layer(ahead, x)
            if turned is not None:
                later, _ = _run_layer(self.back[index], turn(x, turned))
                states = torch.cat((states, turn(later, turned)), dim=-1)
            x = states
        return states_after_delay(x, times_s, real, self.delay_s)

    def run(
        self,
        features: Tensor,
        lengths: Tensor,
        times_s: Tensor,
        state: RecurrentState | None = None,
    ) -> tuple[Tensor, RecurrentState]:
        """Encode one chunk and say where it ended; chunks in order equal the whole.

        Rows see nothing later than themselves: `delay_s` needs the rows to come and is
        left to who holds them.

        Args:
            features: Shape (B, T, D).
            lengths: Real rows of each chunk, at least 1, shape (B,).
            times_s: On one clock for all chunks, shape (B, T).
            state: Of the chunk before; None at the start.

        Raises:
            ValueError: If the encoder is bidirectional.
        """
        if self.back:
            raise ValueError(
                "run: encoder must have one direction to carry its state, got two; "
                "set bidirectional to False"
            )
        real = real_rows(lengths, features)
        if real is not None:
            features = torch.where(real[..., None], features, 0.0)
            times_s = torch.where(real, times_s, 0.0)
        x = with_gaps(features, times_s, None if state is None else state.last_s)
        ends: list[CellState] = []
        for index, layer in enumerate(self.ahead):
            x = self.dropout(x) if index else x
            before = None if state is None else state.layers[index]
            x, end = _run_layer(layer, x, None if real is None else lengths, before)
            ends.append(end)
        last_row = (lengths.to(times_s.device) - 1)[:, None]
        return x, RecurrentState(tuple(ends), times_s.gather(1, last_row)[:, 0])


def _run_layer(
    layer: nn.Module,
    x: Tensor,
    lengths: Tensor | None = None,
    before: CellState | None = None,
) -> tuple[Tensor, CellState]:
    if lengths is None:
        # Rows first and in one piece: else torch copies the weights for every row.
        states, end = layer(x.transpose(0, 1).contiguous(), before)
        return states.transpose(0, 1), end
    # Packed, as only then torch returns the state at each window's own last row.
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    states, end = layer(packed, before)
    padded, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
    return padded, end


def turned_rows(x: Tensor, real: Tensor | None) -> Tensor:
    """Return which row stands where once real rows are turned round, (B or 1, T, 1)."""
    rows = torch.arange(x.shape[1], device=x.device)[None]
    if real is None:
        return rows.flip(1)[..., None]
    return torch.where(real, real.sum(1, keepdim=True) - 1 - rows, rows)[..., None]


def turn(x: Tensor, rows: Tensor) -> Tensor:
    """Take rows of x, shape (B, T, H), in the order of `turned_rows`."""
    return x.gather(1, rows.expand(x.shape[0], -1, x.shape[2]))
