"""Rectangles: overlap of boxes, and the rotated square for the landmark network."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A square of the frame, rotated with the head."""

    center_x: float
    center_y: float
    """Pixels of the frame."""
    side: float
    """Pixels of the frame."""
    angle_rad: float
    """Clockwise rotation of the square in the image; 0 is upright."""

    def to_pixels(self, size_px: int) -> NDArray[np.float64]:
        """Return the affine map (2, 3) from the frame to a (size, size) crop."""
        scale = size_px / self.side
        cos, sin = np.cos(self.angle_rad) * scale, np.sin(self.angle_rad) * scale
        half = size_px / 2
        return np.array(
            [
                [cos, sin, half - cos * self.center_x - sin * self.center_y],
                [-sin, cos, half + sin * self.center_x - cos * self.center_y],
            ]
        )


def region_around(
    points_xy: NDArray[np.float32], right_eye: int, left_eye: int, margin: float
) -> Region:
    """Return the square around points, aligned with the eyes, `margin` times as wide."""
    eyes = points_xy[left_eye] - points_xy[right_eye]
    angle = float(np.arctan2(eyes[1], eyes[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    level = points_xy @ turn.T
    low, high = level.min(0), level.max(0)
    center = turn.T @ ((low + high) / 2)
    return Region(
        center_x=float(center[0]),
        center_y=float(center[1]),
        side=float(max((high - low).max() * margin, 1.0)),
        angle_rad=angle,
    )


def cut_region(rgb: NDArray[np.uint8], region: Region, size_px: int) -> NDArray[np.uint8]:
    """Return the region as a (size, size, 3) crop, black outside the frame."""
    return warp(rgb, region.to_pixels(size_px), size_px)


def warp(
    rgb: NDArray[np.uint8], matrix: NDArray[np.float64], size_px: int
) -> NDArray[np.uint8]:
    """Map the frame through an affine (2, 3) onto a (size, size, 3) crop.

    Areas are averaged first if the map scales to less than half, against aliasing.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    factor = int(0.5 / scale) + 1 if scale < 0.5 else 1
    if factor > 1:
        rgb, matrix = _shrink(rgb, matrix, size_px, factor)
    return cv2.warpAffine(rgb, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR)


def _shrink(
    rgb: NDArray[np.uint8], matrix: NDArray[np.float64], size_px: int, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the required part, downscaled by `factor`, and the map from it."""
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [size_px, 0], [0, size_px], [size_px, size_px]])
    seen = corners @ inverse[:, :2].T + inverse[:, 2]
    height, width = rgb.shape[:2]
    left, top = np.clip(np.floor(seen.min(0)).astype(int) - factor, 0, [width, height])
    right, bottom = np.clip(np.ceil(seen.max(0)).astype(int) + factor, 0, [width, height])
    left, top = left - left % factor, top - top % factor  # a fixed grid, against jitter
    if right - left < factor or bottom - top < factor:
        return rgb, matrix
    part = rgb[top:bottom, left:right]
    columns, rows = (right - left) // factor, (bottom - top) // factor
    part = part[: rows * factor, : columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    linear = matrix[:, :2] * factor
    offset = (factor - 1) / 2  # center of a large pixel, in small ones
    shift = matrix[:, :2] @ np.array([left + offset, top + offset]) + matrix[:, 2]
    return small, np.column_stack([linear, shift])


def box_overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return intersection over union of two `xyxy` boxes, in [0, 1]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = float(width * height)
    union = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])) - shared
    return shared / union


def center_of(box_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the middle of a box, shape (2,)."""
    return (box_xyxy[:2] + box_xyxy[2:]) / np.float32(2)


def is_inside(point_xy: NDArray[np.float32], box_xyxy: NDArray[np.float32]) -> bool:
    """Return whether a point (2,) lies in a box (4,)."""
    return bool((box_xyxy[:2] <= point_xy).all() and (point_xy <= box_xyxy[2:]).all())
