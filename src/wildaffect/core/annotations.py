"""Labels of frames, or of whole videos, as stored in a data set.

Symbols: N rows in the order of the files (repeated rows kept).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumns, shape_problems
from wildaffect.core.tasks import LabelSpaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations(TaskColumns):
    """One set of annotated frames, column by column.

    Readers convert the files' codes for "not annotated" to masks.
    """

    source: str
    """Name of the data set and split in messages."""
    videos: tuple[str, ...]
    """Distinct video names, one person each (as in `video59_right`), in file order."""
    subjects: tuple[str, ...]
    """Person of each video, same length as `videos`; the video's own name where unknown."""
    video_index: NDArray[np.int64]
    """Position in `videos`, shape (N,)."""
    frame_number: NDArray[np.int64]
    """Number of the frame as the data set counts (from 1 in Aff-Wild2), shape (N,)."""
    images: tuple[str, ...]
    """Image of each row relative to the set's image folder, length N."""
    lines: NDArray[np.int64]
    """Line of each row in its file, from 1, shape (N,)."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    files: tuple[str, ...] = ()
    """File of the rows of each video, same length as `videos`; empty if unknown."""
    clip_level: bool = False
    """True if each row labels a whole video, not a frame; `frame_number` is then 0. The
    label counts once per video, in the loss and in scores, for the mean of its outputs."""

    def __post_init__(self) -> None:
        TaskColumns.__post_init__(self)
        rows = (len(self.images),)
        for name, index in (
            ("video_index", self.video_index),
            ("frame_number", self.frame_number),
            ("lines", self.lines),
            ("valence", self.valence.values),
        ):
            if index.shape != rows:
                raise ValueError(
                    f"{self.source}: {name} must have shape {rows}, got {index.shape}"
                )
        for problem in shape_problems(self, self.spaces):
            raise ValueError(f"{self.source}: {problem}")
        if len(self) and not (
            self.video_index.min() >= 0 and self.video_index.max() < len(self.videos)
        ):
            raise ValueError(
                f"{self.source}: video_index must lie in [0, {len(self.videos)}), got "
                f"[{self.video_index.min()}, {self.video_index.max()}]"
            )
        if self.files and len(self.files) != len(self.videos):
            raise ValueError(
                f"{self.source}: files must name one file per video "
                f"({len(self.videos)}), got {len(self.files)}"
            )
        if len(self.subjects) != len(self.videos):
            raise ValueError(
                f"{self.source}: subjects must name one person per video "
                f"({len(self.videos)}), got {len(self.subjects)}"
            )

    def __len__(self) -> int:
        return len(self.images)
