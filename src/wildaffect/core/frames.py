"""Decoded images with their times, and what a video says of itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded image, upright."""

    index: int
    """Number of the frame in its video, from 0, whatever part of it is read."""
    time_s: float
    """Presentation time from the container, in seconds from the start of the video."""
    rgb: NDArray[np.uint8]
    """Shape (H, W, 3)."""
    shot_start: bool = False
    """True where the source itself starts anew (another photograph of a folder)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What is known of a source before its first frame; None where it does not say."""

    name: str
    width: int
    """Pixels after rotation."""
    height: int
    """Pixels after rotation."""
    fps: float | None
    """Average rate; times of frames never come from it where the container has them."""
    num_frames: int | None
    """As the container announces it, a hint for progress alone."""
    duration_s: float | None
    rotation_deg: int
    """Clockwise turn that was applied to make frames upright: 0, 90, 180 or 270."""
    codec: str
