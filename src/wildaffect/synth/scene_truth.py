"""Exact ground truth of a person in a generated scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import HeadPose
from wildaffect.faces.pose import rotation_to_pose
from wildaffect.synth.landmarks import NAMES
from wildaffect.synth.render.renderer import Moment
from wildaffect.synth.take import head_rotation

FACE_POINTS = [i for i, name in enumerate(NAMES) if "cheek" not in name]
BOX_MARGIN = 0.08
"""Margin of the box of the face around the outermost named points, in heights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Exact ground truth of a person in a frame; boxes and points in its pixels."""

    person_id: int
    """Identity seed: the same person keeps it from shot to shot."""
    box_xyxy: NDArray[np.float32]
    """Box from brows to chin, may reach beyond the frame, shape (4,)."""
    landmarks_xy: NDArray[np.float32]
    """`landmarks.NAMES`, shape (28, 2)."""
    pose: HeadPose
    """Head pose relative to the camera axis."""
    visible: float
    """Share of the face box's own pixels inside the frame and not behind anyone."""
    head_height_px: float
    valence: float
    arousal: float
    expression: int
    intensities: NDArray[np.float32]
    """Intensities of `facs.DRAWN`, shape (22,)."""


def face_box(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the box from brows to chin around named points, shape (4,)."""
    low, high = points[FACE_POINTS].min(0), points[FACE_POINTS].max(0)
    margin = BOX_MARGIN * (high[1] - low[1])
    return np.concatenate([low - margin, high + margin]).astype(np.float32)


def visible_share(box: NDArray[np.float32], open_view: NDArray[np.float32]) -> float:
    """Return the share of a box in view; `open_view` in [0, 1], shape (H, W)."""
    height, width = open_view.shape
    x0, y0, x1, y1 = np.round(box).astype(int)
    area = max(1, (x1 - x0) * (y1 - y0))
    inside = open_view[
        np.clip(y0, 0, height) : np.clip(y1, 0, height),
        np.clip(x0, 0, width) : np.clip(x1, 0, width),
    ]
    return float(inside.sum() / area)


def head_pose(moment: Moment, body_yaw: float) -> HeadPose:
    """Return the pose with yaw up to 180 degrees: the back of a head is not a front."""
    turn = head_rotation(body_yaw, 0, 0) @ moment.rotation
    pose = rotation_to_pose(turn.astype(np.float64))
    if turn[2, 2] >= 0:
        return pose
    side = 1.0 if pose.yaw_deg >= 0 else -1.0
    return HeadPose(
        side * 180 - pose.yaw_deg,
        _wrapped(pose.pitch_deg + 180),
        _wrapped(pose.roll_deg + 180),
    )


def _wrapped(angle_deg: float) -> float:
    return (angle_deg + 180) % 360 - 180
