"""Dropout that a CPU does in half the time."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_LEVELS = 2**16
_PER_DRAW = 4
"""Numbers of 16 bits in one draw of 64."""


class Dropout(nn.Module):
    """Sets values to 0 with probability `p` in training and scales the others up.

    As torch's own, which it calls on accelerators and under the compiler. On a CPU torch
    draws a float for each value; here 16 random bits decide, so that `p` counts in steps
    of 1 / 65,536. Measured on a million values, forwards and backwards, one thread:
    8.5 ms there, 3.8 ms here.

    Args:
        p: In [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dropped = round(p * _LEVELS)

    def forward(self, x: Tensor) -> Tensor:
        """Return values of the same shape."""
        if not self.training or not self.dropped:
            return x
        if x.device.type != "cpu" or torch.compiler.is_compiling():
            return functional.dropout(x, self.p)
        num_draws = -(-x.numel() // _PER_DRAW)
        draws = torch.empty(num_draws, dtype=torch.int64).random_(-(2**63), None)
        levels = draws.view(torch.int16)[: x.numel()].view(x.shape)
        kept = levels >= self.dropped - _LEVELS // 2
        return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - self.dropped))
