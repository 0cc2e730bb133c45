"""Decoded images with their times, and what a video says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded image as it is displayed."""

    index: int
    """Number of the frame in its video, from 0, whatever part of it is read."""
    time_s: float
    """Presentation time in seconds, 0 where the first stream of the container begins."""
    rgb: NDArray[np.uint8]
    """Shape (H, W, 3)."""
    shot_start: bool = False
    """True where the source itself starts anew (another photograph of a folder)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What is known of a source before its first frame; None where it does not say.

    A stored picture is cropped, mirrored, turned and then stretched to square pixels (its
    height stays); frames, and with them all boxes and points, are what comes of that.
    """

    name: str
    width: int
    """Of frames, in pixels, as they are displayed."""
    height: int
    """Of frames, in pixels, as they are displayed."""
    fps: float | None
    """Average rate; times of frames never come from it where the container has them."""
    num_frames: int | None
    """As the container announces it, a hint for progress alone."""
    duration_s: float | None
    rotation_deg: int
    """Clockwise turn that was applied to make frames upright: 0, 90, 180 or 270."""
    codec: str
    start_s: float = 0.0
    """Time of the first frame: how much later it comes than the first sound."""
    stream: int | None = None
    """Number of the video stream in its container."""
    stored_width: int | None = None
    """Of the stored picture, in pixels."""
    stored_height: int | None = None
    """Of the stored picture, in pixels."""
    sample_aspect_ratio: str = "1:1"
    """Width to height of a stored pixel."""
    mirrored: bool = False
    """Whether stored pictures were mirrored left to right, before they were turned."""
    cropped: Mapping[str, int] | None = None
    """Stored columns and rows that are not shown: left, top, right, bottom."""
