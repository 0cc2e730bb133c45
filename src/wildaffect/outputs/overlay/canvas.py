"""Anti-aliased shapes and text on RGB images, the same with OpenCV 4 and 5."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Color = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SUBPIXEL_BITS = 4
# OpenCV 5 draws an outline font and reads the thickness as weight; 4 draws strokes.
_OUTLINE_FONT = hasattr(cv2, "FontFace")


class Rect(NamedTuple):
    """Pixels, right and bottom exclusive."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Pixels inside."""
        return self.width * self.height

    def overlap(self, other: "Rect") -> int:
        """Return the number of pixels in the intersection."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(width, 0) * max(height, 0)

    def inside(self, width: int, height: int) -> "Rect":
        """Return it moved into a frame as far as possible."""
        x = max(0, min(self.x, width - self.width))
        y = max(0, min(self.y, height - self.height))
        return Rect(x, y, self.width, self.height)


def blend(rgb: Image, mask: NDArray[np.float32], x: int, y: int, color: Color) -> None:
    """Paint `color` with opacity `mask`, in [0, 1], clipped at the frame's edges."""
    height, width = rgb.shape[:2]
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + mask.shape[1], width), min(y + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    opacity = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    below = rgb[y0:y1, x0:x1]
    paint = np.asarray(color, np.float32)
    below[...] = (below + (paint - below) * opacity + 0.5).astype(np.uint8)


def fill(rgb: Image, rect: Rect, color: Color, *, radius: float, opacity: float) -> None:
    """Fill a rectangle with round corners."""
    if rect.width > 0 and rect.height > 0:
        mask = _rounded(rect.width, rect.height, radius)
        blend(rgb, mask * np.float32(opacity), rect.x, rect.y, color)


def outline(
    rgb: Image, rect: Rect, color: Color, *, radius: float, thickness: int, dashed: bool
) -> None:
    """Draw the edge of a rectangle with round corners."""
    points = _rounded_path(rect, radius)
    fixed = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    runs = _dashes(points, fixed, 5 * thickness + 4) if dashed else [fixed]
    cv2.polylines(
        rgb, runs, not dashed, color, thickness, cv2.LINE_AA, shift=_SUBPIXEL_BITS
    )


def disc(rgb: Image, center: tuple[float, float], radius: float, color: Color) -> None:
    """Fill a circle."""
    scale = 1 << _SUBPIXEL_BITS
    x, y = round(center[0] * scale), round(center[1] * scale)
    size = round(radius * scale)
    cv2.circle(rgb, (x, y), size, color, -1, cv2.LINE_AA, shift=_SUBPIXEL_BITS)


def line(
    rgb: Image,
    start: tuple[float, float],
    end: tuple[float, float],
    color: Color,
    *,
    thickness: int,
) -> None:
    """Draw a straight line."""
    scale = 1 << _SUBPIXEL_BITS
    a = (round(start[0] * scale), round(start[1] * scale))
    b = (round(end[0] * scale), round(end[1] * scale))
    cv2.line(rgb, a, b, color, thickness, cv2.LINE_AA, shift=_SUBPIXEL_BITS)


def text_width(text: str, size_px: int, *, bold: bool = False) -> int:
    """Return the width of a line of text in pixels."""
    return int(_text(text, size_px, bold).shape[1])


def cap_height(size_px: int) -> int:
    """Return the height of capitals of a text of `size_px`."""
    return max(5, round(0.74 * size_px))


def write(
    rgb: Image,
    text: str,
    x: int,
    middle_y: int,
    *,
    size_px: int,
    color: Color,
    bold: bool = False,
) -> int:
    """Write a line whose capitals are centered on `middle_y`; return its width."""
    mask = _text(text, size_px, bold)
    top = middle_y - cap_height(size_px) // 2 - _ascent(size_px)
    blend(rgb, mask, x, top, color)
    return int(mask.shape[1])


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the color between two, `share` of the way to the second."""
    a, b = np.asarray(first), np.asarray(second)
    red, green, blue = np.round(a + (b - a) * share).astype(int).tolist()
    return red, green, blue


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: float) -> NDArray[np.float32]:
    """Opacity by the signed distance to the edge, shape (height, width)."""
    radius = min(radius, width / 2, height / 2)
    x = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    y = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    outside = np.hypot(np.maximum(x[None], 0), np.maximum(y[:, None], 0))
    return np.clip(radius - outside + 0.5, 0, 1).astype(np.float32)


def _rounded_path(rect: Rect, radius: float) -> NDArray[np.float64]:
    radius = min(radius, rect.width / 2, rect.height / 2)
    left, right = rect.x + radius, rect.right - 1 - radius
    top, bottom = rect.y + radius, rect.bottom - 1 - radius
    corners = ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180))
    arcs = []
    for x, y, start in corners:
        angles = np.radians(np.linspace(start, start + 90, 9))
        arcs.append(np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1))
    return np.concatenate(arcs)


def _dashes(
    points: NDArray[np.float64], fixed: NDArray[np.int32], length_px: float
) -> list[NDArray[np.int32]]:
    closed = np.concatenate([points, points[:1]])
    steps = np.hypot(*np.diff(closed, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    num_dashes = max(4, round(along[-1] / (2 * length_px)))
    scale = fixed.max(initial=1) / max(points.max(initial=1.0), 1.0)
    runs = []
    for start in np.arange(num_dashes) * along[-1] / num_dashes:
        at = np.linspace(start, start + along[-1] / num_dashes / 2, 6)
        dash = np.stack([np.interp(at, along, closed[:, k]) for k in range(2)], axis=1)
        runs.append(np.round(dash * scale).astype(np.int32))
    return runs


def _ascent(size_px: int) -> int:
    return max(2, round(0.25 * size_px))


@lru_cache(maxsize=64)
def _scale_for(cap_px: int) -> float:
    """Font scale at which a capital is `cap_px` high, measured by rendering one."""
    probe = np.zeros((200, 200), np.uint8)
    cv2.putText(probe, "H", (20, 150), _FONT, 4.0, 255, 1, cv2.LINE_AA)
    rows = np.flatnonzero(probe.max(axis=1) > 127)
    return float(4.0 * cap_px / (rows[-1] - rows[0] + 1))


@lru_cache(maxsize=4096)
def _text(text: str, size_px: int, bold: bool) -> NDArray[np.float32]:
    """Opacity of a line; drawn enlarged, then downscaled; cropped left and right."""
    times = 4 if size_px < 24 else 2
    cap = cap_height(size_px) * times
    scale = _scale_for(cap)
    stroke = (0.19 if bold else 0.12) * cap
    thickness = (2 if bold else 1) if _OUTLINE_FONT else max(1, round(stroke))
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, thickness)
    ascent = _ascent(size_px) * times
    height = cap + 2 * ascent
    mask = np.zeros((height, (width // times + 4) * times), np.uint8)
    start = (times, ascent + cap)
    cv2.putText(mask, text, start, _FONT, scale, 255, thickness, cv2.LINE_AA)
    small = cv2.resize(
        mask, (mask.shape[1] // times, height // times), interpolation=cv2.INTER_AREA
    )
    columns = np.flatnonzero(small.max(axis=0))
    if len(columns):
        small = small[:, columns[0] : columns[-1] + 1]
    return (small.astype(np.float32) / 255).copy()
