"""Decoded images with their times, and the metadata of a video."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Frame:
    """One decoded image as it is displayed."""

    index: int
    """Number of the frame in its video, from 0, whatever part of it is read."""
    time_s: float
    """Presentation time in seconds, 0 where the first stream of the container begins."""
    rgb: NDArray[np.uint8]
    """Shape (H, W, 3)."""
    shot_start: bool = False
    """True where the source itself restarts (another photograph of a folder)."""

    def __post_init__(self) -> None:
        check_place(self.index, self.time_s)
        check_rgb(self.rgb, f"frame {self.index}")

    def __repr__(self) -> str:
        height, width, _ = self.rgb.shape
        return f"Frame(index={self.index}, time_s={self.time_s:g}, {width}x{height})"


def check_place(index: object, time_s: object) -> None:
    """Raise `UsageError` unless these are a frame's number and its time."""
    if not isinstance(index, Integral) or index < 0:
        raise UsageError(f"frame: index must be a whole number from 0, got {index!r}")
    if not isinstance(time_s, Real) or not isfinite(time_s):
        raise UsageError(f"frame {index}: time_s must be finite seconds, got {time_s!r}")


def check_rgb(rgb: object, name: str) -> None:
    """Raise `UsageError` unless `rgb` is an RGB image of 8 bits, shape (H, W, 3).

    The order of the channels, RGB or BGR, cannot be checked.
    """
    if not isinstance(rgb, np.ndarray):
        raise UsageError(f"{name}: image must be a numpy array, got {type(rgb).__name__}")
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        hint = _HINTS.get(_layout(rgb.shape))
        raise UsageError(
            f"{name}: image must have shape (H, W, 3), got {rgb.shape}"
            + (f"; {hint}" if hint else "")
        )
    if rgb.dtype != np.uint8:
        raise UsageError(
            f"{name}: image must be uint8 from 0 to 255, got {rgb.dtype}; "
            "scale and round it"
        )


_HINTS = {
    "gray": "repeat the gray: np.stack([image] * 3, axis=-1)",
    "one channel": "repeat the gray: np.repeat(image, 3, axis=-1)",
    "alpha": "leave alpha out: image[..., :3]",
    "channels first": "put channels last: image.transpose(1, 2, 0)",
    "batch": "give a list of images: list(images)",
}


def _layout(shape: tuple[int, ...]) -> str:
    match shape:
        case (_, _):
            return "gray"
        case (_, _, 1):
            return "one channel"
        case (_, _, 4):
            return "alpha"
        case (3, _, _):
            return "channels first"
        case (_, _, _, _):
            return "batch"
        case _:
            return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """Metadata of a source before its first frame; None where unknown.

    A stored picture is cropped, mirrored, turned and then stretched to square pixels (its
    height stays); frames, and all boxes and points, refer to the result.
    """

    name: str
    width: int
    """Width of the displayed frames in pixels."""
    height: int
    """Height of the displayed frames in pixels."""
    fps: float | None
    """Average rate; not used for the times of frames where the container has them."""
    num_frames: int | None
    """Number of frames declared by the container, only used for progress."""
    duration_s: float | None
    rotation_deg: int
    """Clockwise turn that was applied to make frames upright: 0, 90, 180 or 270."""
    codec: str
    start_s: float = 0.0
    """Time of the first frame, relative to the first sound."""
    stream: int | None = None
    """Number of the video stream in its container."""
    stored_width: int | None = None
    """Width of the stored picture in pixels."""
    stored_height: int | None = None
    """Height of the stored picture in pixels."""
    sample_aspect_ratio: str = "1:1"
    """Width to height of a stored pixel."""
    mirrored: bool = False
    """True if stored pictures were mirrored left to right before rotation."""
    cropped: Mapping[str, int] | None = None
    """Stored columns and rows that are not shown: left, top, right, bottom."""
