"""Direction of gaze from the blendshapes of the eyes and the pose of the head.

The scales below are not those of a calibrated eye tracker; `docs/signals.md` has the
errors. Positions of the irises in the mesh give the same accuracy and are not used.
"""

import math
from typing import NamedTuple

from wildaffect.core.faces import FaceObservation, HeadPose
from wildaffect.faces.blendshapes import NAMES
from wildaffect.faces.pose import pose_to_rotation

YAW_DEG = 25.0
"""Degrees per unit of the difference between the blendshapes of left and right.

20 fits generated eyes within 10 degrees; people in front of a webcam who turn their head
while they keep looking at the screen give 35.
"""
PITCH_DEG = 30.0
"""Degrees per unit of the difference between the blendshapes of up and down."""
YAW_ZERO = 0.12
"""Difference of eyes that look straight ahead. The network favors the subject's left:
pictures of people and their mirror images differ by twice 0.06 to 0.18."""
PITCH_ZERO = -0.20
"""The same, measured on generated eyes."""
CAMERA_CONE_DEG = 15.0
"""Gaze within this angle of the line of sight to the camera is at the camera."""


def _indices(*names: str) -> tuple[int, ...]:
    return tuple(NAMES.index(name) for name in names)


_TO_LEFT = _indices("eyeLookOutLeft", "eyeLookInRight")
_TO_RIGHT = _indices("eyeLookInLeft", "eyeLookOutRight")
_UP = _indices("eyeLookUpLeft", "eyeLookUpRight")
_DOWN = _indices("eyeLookDownLeft", "eyeLookDownRight")


class Direction(NamedTuple):
    """Degrees with the signs of `HeadPose`: to the subject's own left, and up."""

    yaw_deg: float
    pitch_deg: float

    @property
    def angle_deg(self) -> float:
        """Angle to straight ahead, in [0, 180]."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        return math.degrees(math.acos(math.cos(yaw) * math.cos(pitch)))


def eye_direction(face: FaceObservation) -> Direction:
    """Return the mean direction of both eyes relative to the head."""
    scores = face.blendshapes

    def mean_difference(plus: tuple[int, ...], minus: tuple[int, ...]) -> float:
        return float(sum(scores[i] for i in plus) - sum(scores[i] for i in minus)) / 2

    return Direction(
        YAW_DEG * (mean_difference(_TO_LEFT, _TO_RIGHT) - YAW_ZERO),
        PITCH_DEG * (mean_difference(_UP, _DOWN) - PITCH_ZERO),
    )


def gaze_direction(eyes: Direction, head: HeadPose) -> Direction:
    """Return the direction of gaze relative to the line of sight to the camera."""
    yaw, pitch = math.radians(eyes.yaw_deg), math.radians(eyes.pitch_deg)
    level = math.cos(pitch)
    ahead = (level * math.sin(yaw), math.sin(pitch), level * math.cos(yaw))
    x, y, z = pose_to_rotation(head) @ ahead
    return Direction(
        math.degrees(math.atan2(x, z)), math.degrees(math.asin(min(1.0, max(-1.0, y))))
    )


def is_at_camera(gaze: Direction) -> bool:
    """Return whether the gaze is within the cone around the line of sight."""
    return gaze.angle_deg <= CAMERA_CONE_DEG
