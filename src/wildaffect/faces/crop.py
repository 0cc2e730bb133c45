"""Cutting of aligned face crops, shared by training, extraction and analysis."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.regions import Region, warp

_ARCFACE_5PT = (
    np.array(
        [
            [38.2946, 51.6963],
            [73.5318, 51.5014],
            [56.0252, 71.7366],
            [41.5493, 92.3655],
            [70.7299, 92.2041],
        ]
    )
    / 112
)
RAISED = 0.15
"""Shift of `arcface_5pt_raised`, in sides of the crop."""
TEMPLATES = {
    "arcface_5pt": _ARCFACE_5PT,
    "arcface_5pt_raised": _ARCFACE_5PT - [0, RAISED],
}
"""Positions of the five points, in sides of the crop: eyes (image left first), nose tip,
mouth corners. `arcface_5pt`: code of J. Deng et al., ArcFace, arXiv 1801.07698.
`arcface_5pt_raised`: the same scale, with the whole chin in the crop, for networks trained
on detectors' boxes."""

LARGEST_TILT = 1.05
"""Maximum ratio of the longer to the shorter side of a square crop."""

FIVE_POINTS = (468, 473, 4, 61, 291)
"""Mesh landmarks of the same points: irises, nose tip, mouth corners."""


def five_points(landmarks_xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the points that alignment reads from a mesh, in pixels, shape (5, 2)."""
    return landmarks_xyz[list(FIVE_POINTS), :2]


def crop_face(
    rgb: NDArray[np.uint8], landmarks_xyz: NDArray[np.float32], preprocess: Preprocess
) -> NDArray[np.uint8]:
    """Return the crop of a face that a network wants, as `align_face` does.

    Args:
        rgb: Frame, shape (H, W, 3).
        landmarks_xyz: Mesh of the face, in pixels.
        preprocess: Alignment, margin, size and channels.
    """
    if preprocess.alignment != "box":
        return align_face(rgb, five_points(landmarks_xyz), preprocess)
    low, high = landmarks_xyz[:, :2].min(0), landmarks_xyz[:, :2].max(0)
    center = (low + high) / 2
    region = Region(
        center_x=float(center[0]),
        center_y=float(center[1]),
        side=float(max((high - low).max(), 1.0)) * (1 + 2 * preprocess.margin),
        angle_rad=0.0,
    )
    return _cut(rgb, region.to_pixels(preprocess.size_px), preprocess)


def align_face(
    rgb: NDArray[np.uint8], points_xy: NDArray[np.float32], preprocess: Preprocess
) -> NDArray[np.uint8]:
    """Return the aligned crop, shape (size, size, 3) or (size, size, 1) for gray.

    The frame is rotated, scaled and shifted (no shear, no mirroring) to align the five
    points with the template by least squares; outside the frame the crop is black. Values
    are pixels from 0 to 255: `normalize` scales them.

    Args:
        rgb: Frame, shape (H, W, 3).
        points_xy: Eyes (image left first), nose tip, mouth corners; pixels, shape (5, 2).
        preprocess: Template, size and channels.

    Source:
        S. Umeyama, "Least-squares estimation of transformation parameters between two point
        patterns", PAMI 13(4), 1991.
    """
    template = (TEMPLATES[preprocess.alignment] - 0.5) / (1 + 2 * preprocess.margin) + 0.5
    matrix = similarity(points_xy, template * preprocess.size_px)
    return _cut(rgb, matrix, preprocess)


def _cut(
    rgb: NDArray[np.uint8], matrix: NDArray[np.float64], preprocess: Preprocess
) -> NDArray[np.uint8]:
    """Map the frame through an affine (2, 3) onto the crop, in its channels."""
    if preprocess.interpolation == "area":
        crop = warp(rgb, matrix, preprocess.size_px)
    else:
        side = (preprocess.size_px, preprocess.size_px)
        crop = cv2.warpAffine(rgb, matrix, side, flags=cv2.INTER_LINEAR)
    return _in_channels(crop, preprocess)


def resize_crop(rgb: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.uint8]:
    """Return an already aligned crop at a network's size, shape (S, S, C).

    Args:
        rgb: Crop, shape (H, W, 3).
        preprocess: Size and channels; the alignment is the crop's own.

    Raises:
        ValueError: If it is not square, with a tolerance of a twentieth.
    """
    height, width = rgb.shape[:2]
    if max(height, width) > LARGEST_TILT * min(height, width):
        raise ValueError(f"a crop must be square, got {width} x {height}")
    side = (preprocess.size_px, preprocess.size_px)
    if (width, height) != side:
        shrinks = min(height, width) > preprocess.size_px
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        rgb = np.asarray(cv2.resize(rgb, side, interpolation=way), np.uint8)
    return _in_channels(rgb, preprocess)


def _in_channels(crop: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.uint8]:
    match preprocess.channels:
        case "rgb":
            return crop
        case "bgr":
            return np.ascontiguousarray(crop[..., ::-1])
        case "gray":
            return cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None]


def normalize(crops: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    """Return crops (..., S, S, C) as a network's input (..., C, S, S)."""
    mean = np.asarray(preprocess.mean, np.float32)
    std = np.asarray(preprocess.std, np.float32)
    scaled = (crops.astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(np.moveaxis(scaled, -1, -3))


def similarity(
    source: NDArray[np.float32], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the least-squares similarity (2, 3) that maps source to target (N, 2)."""
    mean_source, mean_target = source.mean(0, dtype=np.float64), target.mean(0)
    a, b = source - mean_source, target - mean_target
    # In the plane, with points as complex numbers, the best rotation and scale are a single
    # division.
    spread = max(float((a**2).sum()), 1e-12)
    cos = float((a * b).sum()) / spread
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, mean_target - linear @ mean_source])
