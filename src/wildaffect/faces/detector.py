"""Face detection with six points per face: BlazeFace, full range.

Source: V. Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile
GPUs", arXiv 1907.05047; the full-range network and its decoding are those of MediaPipe.
Different here: frames are downscaled in two steps, so that small faces do not alias.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.models import DETECTOR
from wildaffect.faces.regions import (
    Region,
    box_overlap,
    center_of,
    is_inside,
    region_around,
)
from wildaffect.faces.views import INPUT_PX, View, close_view, shrink
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.prepare import Scaling

GRID = 48
"""Cells per side; the network predicts one box per cell."""
RIGHT_EYE, LEFT_EYE = 0, 1
"""Positions among the six points; then nose, mouth, right and left ear."""
MIN_SCORE = 0.5
HINT_SCORE = 0.3
"""Score threshold of tiles, as the network is less confident near the edge of its input:
faces of this score are searched again at a higher resolution, with `CLOSE_SCORE`."""
SURE_SCORE = 0.7
"""Score from which a tile is not searched again at a higher resolution."""
CLOSE_SCORE = 0.65
"""Score threshold of the closer search. In it, small faces of a photograph and of generated
people reach .84; patterns mistaken for a face in a tile, such as the stars of a mirrored
flag, .52 to .56."""
SAME_FACE_OVERLAP = 0.3
REGION_MARGIN = 1.5
"""Side of the mesh's square, in sides of the detected box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A face that the detector found."""

    score: float
    """Confidence in [0, 1]."""
    box_xyxy: NDArray[np.float32]
    """Pixels of the frame, shape (4,)."""
    points_xy: NDArray[np.float32]
    """Eyes (subject's right first), nose, mouth, ears; pixels, shape (6, 2)."""

    def region(self) -> Region:
        """Return the region for the mesh network."""
        eyes = region_around(self.points_xy, RIGHT_EYE, LEFT_EYE, 1.0)
        left, top, right, bottom = map(float, self.box_xyxy)
        return Region(
            center_x=(left + right) / 2,
            center_y=(top + bottom) / 2,
            side=max(right - left, bottom - top) * REGION_MARGIN,
            angle_rad=eyes.angle_rad,
        )


Detections = tuple[Detection, ...]


class FaceDetector:
    """Finds any number of faces in a frame; stateless."""

    def __init__(self, device: Device) -> None:
        self._network = Network(
            DETECTOR.verified_path(), device=device, scaling=Scaling(mean=127.5, std=127.5)
        )
        row, column = np.divmod(np.arange(GRID * GRID), GRID)
        self._cells = (np.stack([column, row], 1).astype(np.float32) + 0.5) / GRID

    def __call__(self, rgb: NDArray[np.uint8]) -> Detections:
        """Return the faces of a frame (H, W, 3), most confident first."""
        return self.detect_in(shrink_frame(rgb), INPUT_PX / max(rgb.shape[:2]))

    def detect_in(
        self, small: NDArray[np.uint8], scale: float, min_score: float = MIN_SCORE
    ) -> Detections:
        """Return the faces, most confident first, in pixels of the full frame.

        Args:
            small: The frame after `shrink_frame`, neither side above `INPUT_PX`.
            scale: Pixels of `small` per pixel of the frame.
            min_score: Minimum confidence of a face.
        """
        rows, columns = small.shape[:2]
        left, top = (INPUT_PX - columns) // 2, (INPUT_PX - rows) // 2
        canvas = np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8)
        canvas[top : top + rows, left : left + columns] = small
        raw_boxes, logits = self._network(canvas[None])
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
        chosen = np.flatnonzero(scores >= min_score)
        if not len(chosen):
            return ()
        pairs = raw_boxes[0, chosen].reshape(-1, 8, 2) / INPUT_PX
        pairs[:, [0, 2, 3, 4, 5, 6, 7]] += self._cells[chosen, None]
        centers, sizes, points = pairs[:, 0], pairs[:, 1], pairs[:, 2:]
        flat = np.concatenate(
            [centers - sizes / 2, centers + sizes / 2, points.reshape(-1, 12)], 1
        )
        pixels = (flat * INPUT_PX - np.tile([left, top], 8)) / scale
        return _merge(pixels.astype(np.float32), scores[chosen].astype(np.float32))

    def look(
        self, rgb: NDArray[np.uint8], view: View, min_score: float = MIN_SCORE
    ) -> Detections:
        """Return the faces that are completely in a view of a frame (H, W, 3).

        Boxes and points are in pixels of the frame.
        """
        shift = np.array([view.left, view.top], np.float32)
        everyone = (
            replace(
                found,
                box_xyxy=found.box_xyxy + np.tile(shift, 2),
                points_xy=found.points_xy + shift,
            )
            for found in self.detect_in(view.cut(rgb), INPUT_PX / view.side, min_score)
        )
        return tuple(
            found for found in everyone if view.is_whole(found.box_xyxy, rgb.shape)
        )

    def look_at_tile(self, rgb: NDArray[np.uint8], tile: View) -> Detections:
        """Return the faces of a tile; uncertain faces are confirmed in a closer view."""
        found: list[Detection] = []
        for hint in self.look(rgb, tile, HINT_SCORE):
            if hint.score >= SURE_SCORE:
                found.append(hint)
                continue
            closer = self.look_closer(rgb, hint.box_xyxy)
            found += [face for face in closer if face.score >= CLOSE_SCORE]
        return tuple(found)

    def look_closer(
        self, rgb: NDArray[np.uint8], box_xyxy: NDArray[np.float32]
    ) -> Detections:
        """Return the faces in the middle of a box, shape (4,), at a higher resolution."""
        return tuple(
            found
            for found in self.look(rgb, close_view(box_xyxy))
            if is_inside(center_of(found.box_xyxy), box_xyxy)
        )


def shrink_frame(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the frame at the detector's size: its longer side becomes `INPUT_PX`."""
    return shrink(rgb, INPUT_PX / max(rgb.shape[:2]))


def with_new(known: Detections, more: Iterable[Detection]) -> Detections:
    """Return the known faces and those of `more` that are different faces.

    A view may show a part of a face that a larger view shows completely; the part is
    dropped.
    """
    found = list(known)
    for detection in more:
        if not any(_is_same(detection.box_xyxy, other.box_xyxy) for other in found):
            found.append(detection)
    return tuple(found)


def _is_same(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    return (
        box_overlap(a, b) > SAME_FACE_OVERLAP
        or is_inside(center_of(a), b)
        or is_inside(center_of(b), a)
    )


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
