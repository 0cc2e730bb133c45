"""Time since the previous row, as an input of encoders that only count rows.

Symbols: B windows, T rows, D features.
"""

import torch
from torch import Tensor

GAP_RATE_HZ = 30.0
"""Frame rate in which gaps are counted before the logarithm."""


def with_gaps(features: Tensor, times_s: Tensor, before_s: Tensor | None = None) -> Tensor:
    """Append ln(1 + gap in frames), shape (B, T, D + 1); 0 for a first row.

    Ranges from 0.7 for one frame to 6.3 for the longest gap in s-Aff-Wild2 (543).

    Args:
        features: Shape (B, T, D).
        times_s: Shape (B, T).
        before_s: Time of the row preceding the first one, shape (B,); None without one.
    """
    first_s = times_s[:, :1] if before_s is None else before_s[:, None]
    previous_s = torch.cat((first_s, times_s[:, :-1]), dim=1)
    gaps = (times_s - previous_s).clamp(min=0.0)  # negative from last real row to padding
    return torch.cat((features, (GAP_RATE_HZ * gaps).log1p()[..., None]), dim=-1)
