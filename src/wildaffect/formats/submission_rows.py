"""Rows of a submission: one decided value per frame and task.

Symbols: N rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import ABAW_ACTION_UNITS


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRows:
    """Decided values of N frames, in the label spaces of ABAW; NaN means no prediction."""

    source: str
    videos: tuple[str, ...]
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Frame numbers from 1, shape (N,)."""
    valence: NDArray[np.float64]
    """Shape (N,)."""
    arousal: NDArray[np.float64]
    """Shape (N,)."""
    expression: NDArray[np.float64]
    """Class number 0 to 7, shape (N,)."""
    action_units: NDArray[np.float64]
    """0 or 1, shape (N, 12)."""
    notes: tuple[str, ...] = ()
    """Decisions made here rather than by the system, one sentence each."""

    def __post_init__(self) -> None:
        num_rows = len(self.video_index)
        for name in ("frame_number", "valence", "arousal", "expression"):
            if getattr(self, name).shape != (num_rows,):
                raise ValueError(
                    f"{self.source}: {name} must have shape ({num_rows},), got "
                    f"{getattr(self, name).shape}"
                )
        if self.action_units.shape != (num_rows, len(ABAW_ACTION_UNITS)):
            raise ValueError(
                f"{self.source}: action_units must have shape "
                f"({num_rows}, {len(ABAW_ACTION_UNITS)}), got {self.action_units.shape}"
            )

    def __len__(self) -> int:
        return len(self.video_index)
