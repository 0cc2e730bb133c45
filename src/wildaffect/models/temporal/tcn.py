"""Dilated convolutions over rows.

Symbols: B windows, T rows, D features, H hidden, k rows that one convolution reads.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.config import TCNConfig
from wildaffect.models.temporal.encoder import TemporalEncoder, states_after_delay
from wildaffect.models.temporal.gaps import with_gaps


class TCNEncoder(TemporalEncoder):
    """Linear projection of rows and gaps, then dilated residual blocks.

    It assumes evenly spaced rows: weights are tied to distances in rows, not in time. The
    gap since the previous row is an input, so that a block can learn to discount distant
    rows. For irregularly spaced rows, prefer an encoder with positions in time.

    Source:
        Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and
        recurrent networks for sequence modeling", 2018. Different here: pre-norm blocks of
        one convolution and one linear layer, not causal without a delay.
    """

    def __init__(self, config: TCNConfig, input_dim: int) -> None:
        super().__init__(config.hidden_dim)
        self.delay_s = config.delay_s
        self.project = nn.Linear(input_dim + 1, config.hidden_dim)
        self.blocks = nn.ModuleList(
            DilatedBlock(config, config.first_dilation * 2**index)
            for index in range(config.num_layers)
        )
        self.norm = nn.LayerNorm(config.hidden_dim)

    def encode(self, features: Tensor, times_s: Tensor, real: Tensor | None) -> Tensor:
        """Return the normalized states of the last block, shape (B, T, H)."""
        x = self.project(with_gaps(features, times_s))
        for block in self.blocks:
            x = block(x, real)
        return states_after_delay(self.norm(x), times_s, real, self.delay_s)


class DilatedBlock(nn.Module):
    """Residual block: norm, dilated convolution, GELU, linear layer."""

    def __init__(self, config: TCNConfig, dilation: int) -> None:
        super().__init__()
        reach = dilation * (config.kernel_rows - 1)
        before = reach if config.delay_s is not None else reach // 2
        self.padding = (0, 0, before, reach - before)
        self.offsets = [index * dilation for index in range(config.kernel_rows)]
        self.norm = nn.LayerNorm(config.hidden_dim)
        self.convolve = nn.Linear(config.kernel_rows * config.hidden_dim, config.hidden_dim)
        self.output = nn.Linear(config.hidden_dim, config.hidden_dim)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, real: Tensor | None) -> Tensor:
        """Return the states after this block, shape (B, T, H)."""
        num_rows = x.shape[1]
        y = self.norm(x)
        if real is not None:
            y = torch.where(real[..., None], y, 0.0)  # as beyond the window's end
        y = functional.pad(y, self.padding)
        # One matrix product over shifted copies: faster here than a dilated convolution.
        y = torch.cat([y[:, start : start + num_rows] for start in self.offsets], dim=-1)
        return x + self.dropout(self.output(functional.gelu(self.convolve(y))))
