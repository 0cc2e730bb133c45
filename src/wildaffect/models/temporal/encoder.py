"""Base of temporal encoders: padding and look-ahead.

Symbols: B windows, T rows, D features, H output.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from wildaffect.core.windows import TIME_TOLERANCE_S


class TemporalEncoder(nn.Module, ABC):
    """Maps rows at real times to states; padding has no effect.

    Attributes:
        output_dim: Width of the states, H.
    """

    def __init__(self, output_dim: int) -> None:
        super().__init__()
        self.output_dim = output_dim

    def forward(self, features: Tensor, lengths: Tensor, times_s: Tensor) -> Tensor:
        """Return the states, shape (B, T, H); those of padding are finite but undefined.

        Args:
            features: Shape (B, T, D); padding is ignored.
            lengths: Number of real rows of each window, at least 1, shape (B,), int64; on
                the CPU, they avoid a synchronization with the accelerator.
            times_s: Seconds, strictly ascending over real rows, shape (B, T), float32.
        """
        real = real_rows(lengths, features)
        if real is not None:
            features = torch.where(real[..., None], features, 0.0)
            times_s = torch.where(real, times_s, 0.0)
        return self.encode(features, times_s, real)

    @abstractmethod
    def encode(self, features: Tensor, times_s: Tensor, real: Tensor | None) -> Tensor:
        """Return the states; features and times are zero where `real` is False.

        Args:
            features: Shape (B, T, D).
            times_s: Shape (B, T).
            real: Shape (B, T), bool; None if no row is padding.
        """


def real_rows(lengths: Tensor, features: Tensor) -> Tensor | None:
    """Return the mask of real rows, (B, T) bool; None if known that there is no padding.

    Always a mask where the check would synchronize an accelerator or break a graph.
    """
    num_rows = features.shape[1]
    is_cheap = lengths.device.type == "cpu" and not (
        torch.onnx.is_in_onnx_export() or torch.compiler.is_compiling()
    )
    if is_cheap and int(lengths.min()) >= num_rows:
        return None
    rows = torch.arange(num_rows, device=features.device)
    return rows < lengths.to(features.device)[:, None]


def within_delay(times_s: Tensor, real: Tensor | None, delay_s: float) -> Tensor:
    """Return the mask of rows j visible to row i, t_j <= t_i + delay_s, (B, T, T) bool.

    Times have a tolerance of `TIME_TOLERANCE_S`.
    """
    latest_s = times_s[:, :, None] + (delay_s + TIME_TOLERANCE_S)
    visible = times_s[:, None, :] <= latest_s
    return visible if real is None else visible & real[:, None, :]


def states_after_delay(
    states: Tensor, times_s: Tensor, real: Tensor | None, delay_s: float | None
) -> Tensor:
    """Return for each row the state of the last row visible to it, shape (B, T, H).

    Args:
        states: States of a causal encoder, shape (B, T, H).
        times_s: Shape (B, T).
        real: Shape (B, T), bool, or None.
        delay_s: Look-ahead in seconds; None or 0 for none.
    """
    if not delay_s:
        return states
    last = within_delay(times_s, real, delay_s).sum(-1).sub(1).clamp(min=0)  # (B, T)
    return states.gather(1, last[..., None].expand(-1, -1, states.shape[2]))
