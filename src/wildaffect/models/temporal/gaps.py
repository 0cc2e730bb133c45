"""The time since the row before, as an input to encoders that count rows.

Symbols: B windows, T rows, D features.
"""

import torch
from torch import Tensor

GAP_RATE_HZ = 30.0
"""Gaps are counted in frames of this rate before the logarithm."""


def with_gaps(features: Tensor, times_s: Tensor, before_s: Tensor | None = None) -> Tensor:
    """Append ln(1 + gap in frames), shape (B, T, D + 1); a first row has no gap: 0.

    One frame gives 0.7, the longest gap of the annotated rows of s-Aff-Wild2 (543) 6.3.

    Args:
        features: Shape (B, T, D).
        times_s: Shape (B, T).
        before_s: Time of the row before the first, shape (B,); None if there is none.
    """
    first_s = times_s[:, :1] if before_s is None else before_s[:, None]
    previous_s = torch.cat((first_s, times_s[:, :-1]), dim=1)
    gaps = (times_s - previous_s).clamp(min=0.0)  # negative from last real row to padding
    return torch.cat((features, (GAP_RATE_HZ * gaps).log1p()[..., None]), dim=-1)
