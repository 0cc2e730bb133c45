"""Rows of a submission: one decided value per frame and task.

Symbols: N rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumns, shape_problems
from wildaffect.core.tasks import LabelSpaces


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRows(TaskColumns):
    """Decided values of N frames, in the label spaces of ABAW."""

    source: str
    videos: tuple[str, ...]
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Frame numbers from 1, shape (N,)."""
    notes: tuple[str, ...] = ()
    """Decisions made here rather than by the system, one sentence each."""

    def __post_init__(self) -> None:
        TaskColumns.__post_init__(self)
        for name, shape in (
            ("frame_number", self.frame_number.shape),
            ("valence", self.valence.values.shape),
        ):
            if shape != (len(self.video_index),):
                raise ValueError(
                    f"{self.source}: {name} must have shape ({len(self.video_index)},), "
                    f"got {shape}"
                )
        for problem in shape_problems(self, LabelSpaces()):
            raise ValueError(f"{self.source}: {problem}")
