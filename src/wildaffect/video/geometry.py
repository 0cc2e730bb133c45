"""From stored to displayed pictures: clean aperture, sample aspect ratio, display matrix.

The steps and their order are those of ffmpeg: the stored picture is cropped, then rotated
and mirrored, then its width is scaled to square pixels; its height is unchanged.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

_UNIT = 1 << 16
"""1.0 in a display matrix (ISO/IEC 14496-12, section 8.3.2)."""
_TOLERANCE = 0.0175
"""Tolerance of quarter turns: the sine of one degree, as in ffmpeg."""
_ASPECTS = (Fraction(1, 8), Fraction(8))
"""Minimum and maximum sample aspect ratio; standards range from 8:11 to 4:1."""

_SQUARE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Rows and columns of the stored picture that are not shown."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        return any((self.left, self.top, self.right, self.bottom))


NO_CROP = Crop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Transform from a stored picture to its display."""

    crop: Crop = NO_CROP
    mirrored: bool = False
    """True if mirrored left to right, before rotation."""
    quarter_turns: int = 0
    """Clockwise, 0 to 3."""
    aspect: Fraction = _SQUARE
    """Width to height of a stored pixel."""

    def displayed_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the displayed picture.

        Raises:
            ValueError: If the crop leaves nothing.
        """
        width, height = self._scaled_size(*self._cropped_size(width, height))
        return (height, width) if self.quarter_turns % 2 else (width, height)

    def displayed(
        self, frame: av.VideoFrame, reformatter: VideoReformatter
    ) -> NDArray[np.uint8]:
        """Return a frame as it is displayed, RGB, shape (H, W, 3), contiguous."""
        if self.crop or self.aspect != _SQUARE:
            rgb = self._scaled(frame, reformatter)
        else:
            rgb = _pixels(reformatter.reformat(frame, format="rgb24"))
        if self.mirrored:
            rgb = rgb[:, ::-1]
        if self.quarter_turns:
            rgb = np.rot90(rgb, -self.quarter_turns)
        return np.ascontiguousarray(rgb)

    def _cropped_size(self, width: int, height: int) -> tuple[int, int]:
        crop = self.crop
        left = width - crop.left - crop.right, height - crop.top - crop.bottom
        if min(left) < 1:
            raise ValueError(f"clean aperture must show some of {width}x{height} pixels")
        return left

    def _scaled_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size before rotation: only the later width is scaled."""
        if self.quarter_turns % 2:
            return width, max(1, int(height / self.aspect))
        return max(1, int(width * self.aspect)), height

    def _scaled(
        self, frame: av.VideoFrame, reformatter: VideoReformatter
    ) -> NDArray[np.uint8]:
        size = self._cropped_size(frame.width, frame.height)
        if self.crop:
            rgb = _pixels(reformatter.reformat(frame, format="rgb24"))
            crop = self.crop
            rgb = rgb[crop.top : crop.top + size[1], crop.left : crop.left + size[0]]
            if self.aspect == _SQUARE:
                return rgb
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        width, height = self._scaled_size(*size)
        scaled = reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            interpolation="BICUBIC",
        )
        return _pixels(scaled)


def read_geometry(matrix: bytes | None, *, crop: Crop, aspect: Fraction) -> Geometry:
    """Return how the frames of a stream are displayed.

    Args:
        matrix: Their display matrix, if they have one.
        crop: Crop declared by their container.
        aspect: Width to height of a stored pixel.

    Raises:
        ValueError: If they cannot be displayed: a rotation that is not a quarter turn, or
            pixels longer than eight times their width.
    """
    if not _ASPECTS[0] <= aspect <= _ASPECTS[1]:
        raise ValueError(f"sample aspect ratio must lie in 1:8..8:1, got {ratio(aspect)}")
    plain = Geometry(crop=crop, aspect=aspect)
    return plain if matrix is None else _turned(plain, matrix)


def display_matrix(frame: av.VideoFrame) -> bytes | None:
    """Return the display matrix of a frame, 9 numbers of 32 bits, if it has one.

    Raises:
        ValueError: If this PyAV cannot read it.
    """
    try:
        data: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError as error:  # PyAV 18 does not support every kind of side data
        if frame.rotation:
            raise ValueError("unclear whether it is rotated or mirrored") from error
        return None
    return None if data is None else bytes(data)


def ratio(aspect: Fraction) -> str:
    """Return an aspect ratio as text, such as 16:9."""
    return f"{aspect.numerator}:{aspect.denominator}"


def _turned(plain: Geometry, matrix: bytes) -> Geometry:
    """Return the geometry with a matrix that maps (x, y) to (a x + c y, b x + d y)."""
    a, b, _, c, d = np.frombuffer(matrix, np.int32, count=5) / _UNIT
    straight, crossed = min(abs(a), abs(d)), min(abs(b), abs(c))
    if straight and max(abs(b), abs(c)) <= _TOLERANCE * straight:
        mirrored, turns = a * d < 0, 0 if d > 0 else 2
    elif crossed and max(abs(a), abs(d)) <= _TOLERANCE * crossed:
        mirrored = b * c > 0
        turns = 1 if (b > 0) != mirrored else 3
    elif not any((a, b, c, d)):
        return plain
    else:
        values = " ".join(f"{value:g}" for value in (a, b, c, d))
        raise ValueError(
            f"display matrix must turn by quarters or mirror, got {values}; "
            "encode it again, upright"
        )
    return replace(plain, mirrored=mirrored, quarter_turns=turns)


def _pixels(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(), dtype=np.uint8)
