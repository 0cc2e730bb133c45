"""Clips: several crops of a face in time, which a video backbone maps to one row.

A clip is a number of frames at equal steps in time. Its row stands at one of its frames and
serves the frames around it, or those after it.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.joins import Hold, Nearest

RowAt = Literal["middle", "end"]
"""Frame of a clip at which its row stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSampling(Config):
    """Frames of a clip, and the distance between clips."""

    num_frames: int
    step_s: float
    """Time between two frames of a clip."""
    stride: int = 4
    """Number of steps between the starts of two clips."""
    row_at: RowAt = "middle"
    """`middle` uses context on both sides and looks ahead by half a clip; `end` uses no
    later frames."""
    max_gap_s: float = 0.5
    """Maximum time without the face inside a clip; a longer one ends the clip."""

    def __post_init__(self) -> None:
        check_numbers("clips", "(0, inf)", step_s=self.step_s, max_gap_s=self.max_gap_s)
        check_numbers("clips", "[1, inf)", num_frames=self.num_frames, stride=self.stride)

    @property
    def min_frames(self) -> int:
        """Number of frames of the shortest piece of a track that has a row."""
        return (self.num_frames + 1) // 2

    @property
    def length_s(self) -> float:
        """Time from the first frame of a clip to its last."""
        return (self.num_frames - 1) * self.step_s

    @property
    def look_ahead_s(self) -> float:
        """Time from a row to the last frame that it depends on, in a full clip."""
        if self.row_at == "end":
            return 0.0
        return (self.num_frames - 1 - self.num_frames // 2) * self.step_s

    def join_rule(self) -> Nearest | Hold:
        """Return the rule by which rows join frames: a frame takes the clip that it is in.

        Rows at the end of their clip serve the frames after it until the next clip ends.
        Frames up to `max_gap_s` outside the clips, where the face was lost, hold the row.
        """
        stride_s = self.stride * self.step_s
        if self.row_at == "end":
            return Hold(max_age_s=stride_s + self.max_gap_s)
        half_s = self.num_frames // 2 * self.step_s
        return Nearest(max_distance_s=max(half_s, stride_s / 2) + self.max_gap_s)

    def digest(self) -> str:
        """Return the hash of all settings, 64 hexadecimal digits."""
        settings = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """Choices of the user; the network decides the rest."""

    step_s: float | None = None
    """Time between two frames of a clip; None for that of the network's training."""
    stride: int | None = None
    """Number of steps between the starts of two clips; None for that of `ClipSampling`."""
    row_at: RowAt = "middle"

    def applied_to(self, sampling: ClipSampling) -> ClipSampling:
        """Return a network's sampling with these choices.

        Raises:
            ValueError: If a number is out of its range.
        """
        return replace(
            sampling,
            step_s=sampling.step_s if self.step_s is None else self.step_s,
            stride=sampling.stride if self.stride is None else self.stride,
            row_at=self.row_at,
        )


DEFAULT_CLIPS = ClipOptions()
"""Clips as the network was trained on them."""
