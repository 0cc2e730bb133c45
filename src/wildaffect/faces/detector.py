"""Whole frame to face boxes with six points each: BlazeFace, full range.

Source: V. Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile
GPUs", arXiv 1907.05047; the full-range net and its decoding are those of MediaPipe. What
differs: frames are shrunk in two steps, so that small faces do not alias.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.models import DETECTOR
from wildaffect.faces.regions import Region, box_overlap, region_around
from wildaffect.runtime.network import Device, Network, Scaling

INPUT_PX = 192
GRID = 48
"""Cells per side; the net predicts one box per cell."""
RIGHT_EYE, LEFT_EYE = 0, 1
"""Positions among the six points; then nose, mouth, right and left ear."""
MIN_SCORE = 0.5
SAME_FACE_OVERLAP = 0.3
REGION_MARGIN = 1.5
"""Side of the mesh's square, in sides of the detected box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A face that the detector found."""

    score: float
    """In [0, 1]."""
    box_xyxy: NDArray[np.float32]
    """Pixels of the frame, shape (4,)."""
    points_xy: NDArray[np.float32]
    """Eyes (subject's right first), nose, mouth, ears; pixels, shape (6, 2)."""

    def region(self) -> Region:
        """Return the square on which the mesh network is to look for landmarks."""
        eyes = region_around(self.points_xy, RIGHT_EYE, LEFT_EYE, 1.0)
        left, top, right, bottom = map(float, self.box_xyxy)
        return Region(
            centre_x=(left + right) / 2,
            centre_y=(top + bottom) / 2,
            side=max(right - left, bottom - top) * REGION_MARGIN,
            angle_rad=eyes.angle_rad,
        )


Detections = tuple[Detection, ...]


class FaceDetector:
    """Finds any number of faces in a frame; keeps nothing between frames."""

    def __init__(self, device: Device) -> None:
        self._network = Network(
            DETECTOR.verified_path(), device=device, scaling=Scaling(mean=127.5, std=127.5)
        )
        row, column = np.divmod(np.arange(GRID * GRID), GRID)
        self._cells = (np.stack([column, row], 1).astype(np.float32) + 0.5) / GRID

    def __call__(self, rgb: NDArray[np.uint8]) -> Detections:
        """Return the faces of a frame (H, W, 3), most certain first."""
        return self.detect_in(shrink_frame(rgb), INPUT_PX / max(rgb.shape[:2]))

    def detect_in(self, small: NDArray[np.uint8], scale: float) -> Detections:
        """Return the faces, most certain first, in pixels of the whole frame.

        Args:
            small: The frame after `shrink_frame`, neither side above `INPUT_PX`.
            scale: Pixels of `small` per pixel of the frame.
        """
        rows, columns = small.shape[:2]
        left, top = (INPUT_PX - columns) // 2, (INPUT_PX - rows) // 2
        canvas = np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8)
        canvas[top : top + rows, left : left + columns] = small
        raw_boxes, logits = self._network(canvas[None])
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        chosen = np.flatnonzero(scores >= MIN_SCORE)
        if not len(chosen):
            return ()
        pairs = raw_boxes[0, chosen].reshape(-1, 8, 2) / INPUT_PX
        pairs[:, [0, 2, 3, 4, 5, 6, 7]] += self._cells[chosen, None]
        centres, sizes, points = pairs[:, 0], pairs[:, 1], pairs[:, 2:]
        flat = np.concatenate(
            [centres - sizes / 2, centres + sizes / 2, points.reshape(-1, 12)], 1
        )
        pixels = (flat * INPUT_PX - np.tile([left, top], 8)) / scale
        return _merge(pixels.astype(np.float32), scores[chosen].astype(np.float32))


def shrink_frame(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the frame at the detector's size: its longer side becomes `INPUT_PX`.

    Large frames take two steps, linear to twice the size and then by area: 12 times as fast
    as by area alone at 1280x720, and without the aliasing of a single linear step.
    """
    height, width = rgb.shape[:2]
    scale = INPUT_PX / max(height, width)
    columns, rows = max(round(width * scale), 1), max(round(height * scale), 1)
    if scale < 0.5:
        rgb = cv2.resize(rgb, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(rgb, (columns, rows), interpolation=method)


def _merge(rows: NDArray[np.float32], scores: NDArray[np.float32]) -> Detections:
    """Return one detection per face: the score-weighted mean of overlapping boxes."""
    order = list(np.lexsort((rows[:, 0], -scores)))
    found = []
    while order:
        best = order[0]
        same = [i for i in order if box_overlap(rows[best], rows[i]) > SAME_FACE_OVERLAP]
        mean = np.average(rows[same], axis=0, weights=scores[same]).astype(np.float32)
        found.append(
            Detection(
                score=float(scores[best]),
                box_xyxy=mean[:4],
                points_xy=mean[4:].reshape(6, 2),
            )
        )
        order = [i for i in order if i not in {best, *same}]
    return tuple(found)
