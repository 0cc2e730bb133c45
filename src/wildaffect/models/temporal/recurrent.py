"""Base of LSTM and GRU encoders: layers, directions, and state between chunks.

Symbols: B windows, T rows, D features, H units of one direction.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.config import RecurrentConfig
from wildaffect.models.temporal.encoder import (
    TemporalEncoder,
    real_rows,
    states_after_delay,
)
from wildaffect.models.temporal.gaps import with_gaps

CellState = Tensor | tuple[Tensor, Tensor]
"""State of a torch cell: h, or h and c, each of shape (1, B, H)."""
Cell = Callable[[int, int], nn.RNNBase]
"""Factory of one layer of one direction from the widths of input and state."""


class RecurrentState(NamedTuple):
    """State at the end of a chunk."""

    layers: tuple[CellState, ...]
    last_s: Tensor
    """Time of the last real row, shape (B,)."""


class RecurrentEncoder(TemporalEncoder):
    """Recurrent layers over rows and the gaps between them, dropout between layers.

    Padding follows the real rows, so the forward direction never reads it; the backward
    direction reads the real rows in reverse order.
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
        """Encode one chunk and return the state; consecutive chunks equal the full window.

        Without look-ahead: `delay_s` needs later rows and is up to the caller.

        Args:
            features: Shape (B, T, D).
            lengths: Real rows of each chunk, at least 1, shape (B,).
            times_s: On one clock for all chunks, shape (B, T).
            state: State of the previous chunk; None at the start.

        Raises:
            ValueError: If the encoder is bidirectional.
        """
        if self.back:
            raise ValueError(
                "run: chunks need a unidirectional encoder; set bidirectional to False"
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
        # Time-major and contiguous, otherwise torch copies the weights for every row.
        states, end = layer(x.transpose(0, 1).contiguous(), before)
        return states.transpose(0, 1), end
    # Packed, so that torch returns the state at the last row of each window.
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    states, end = layer(packed, before)
    padded, _ = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
    return padded, end


def turned_rows(x: Tensor, real: Tensor | None) -> Tensor:
    """Return the row order that reverses the real rows, (B or 1, T, 1)."""
    rows = torch.arange(x.shape[1], device=x.device)[None]
    if real is None:
        return rows.flip(1)[..., None]
    return torch.where(real, real.sum(1, keepdim=True) - 1 - rows, rows)[..., None]


def turn(x: Tensor, rows: Tensor) -> Tensor:
    """Reorder the rows of x, shape (B, T, H), by `turned_rows`."""
    return x.gather(1, rows.expand(x.shape[0], -1, x.shape[2]))
