"""Dilated convolutions over rows.

Symbols: B windows, T rows, D features, H hidden, k rows that one convolution reads.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from wildaffect.core.config import Config
from wildaffect.models.dropout import Dropout
from wildaffect.models.temporal.encoder import (
    TemporalEncoder,
    check_encoder,
    states_after_delay,
)
from wildaffect.models.temporal.gaps import with_gaps


@dataclass(frozen=True, kw_only=True, slots=True)
class TCNConfig(Config):
    """Residual blocks of convolutions with doubling dilation."""

    hidden_dim: int = 256
    """H."""
    num_layers: int = 6
    kernel_rows: int = 3
    """Kernel size k, odd."""
    first_dilation: int = 1
    """Dilation of the first block; doubles with each block."""
    dropout: float = 0.1
    """Dropout after each block, in [0, 1)."""
    delay_s: float | None = None
    """Look-ahead in seconds: convolutions are causal, and each row takes the state of the
    last row at most this much later. None for symmetric convolutions."""
    kind: Literal["tcn"] = "tcn"

    def __post_init__(self) -> None:
        check_encoder(
            self.kind,
            num_layers=self.num_layers,
            hidden_dim=self.hidden_dim,
            dropout=self.dropout,
            delay_s=self.delay_s,
        )
        if self.kernel_rows < 1 or self.kernel_rows % 2 == 0:
            raise ValueError(f"tcn: kernel_rows must be odd, got {self.kernel_rows}")
        if self.first_dilation < 1:
            raise ValueError(
                f"tcn: first_dilation must be at least 1, got {self.first_dilation}"
            )


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
