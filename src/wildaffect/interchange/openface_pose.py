"""Angles of head and gaze with the axes of OpenFace 2, in radians.

OpenFace's axes: x to the image's right, y down, z away from the camera; R = Rx Ry Rz of
`pose_Rx`, `pose_Ry`, `pose_Rz`. Source: `RotationHelpers.h` and the page "Output Format" of
OpenFace 2. A face that looks up has a negative `pose_Rx`, one that turns to the subject's
own left a negative `pose_Ry`, one that tilts to the own left shoulder a positive `pose_Rz`.
"""

import numpy as np

from wildaffect.interchange.stored import Floats


def openface_pose(
    yaw_deg: Floats, pitch_deg: Floats, roll_deg: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return `pose_Rx`, `pose_Ry`, `pose_Rz` of the same rotation, each of shape (N,).

    Args:
        yaw_deg: As in the result table, R = Rz(-roll) Ry(yaw) Rx(-pitch) with y up and z to
            the camera, shape (N,).
        pitch_deg: Shape (N,).
        roll_deg: Shape (N,).
    """
    yaw, pitch, roll = (np.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    # Half a turn about x takes our axes to OpenFace's: yaw and roll change sign there.
    turns = _about_z(roll) @ _about_y(-yaw) @ _about_x(-pitch)
    return (
        np.arctan2(-turns[:, 1, 2], turns[:, 2, 2]),
        np.arcsin(np.clip(turns[:, 0, 2], -1, 1)),
        np.arctan2(-turns[:, 0, 1], turns[:, 0, 0]),
    )


def pose_of_openface(rx: Floats, ry: Floats, rz: Floats) -> tuple[Floats, Floats, Floats]:
    """Return yaw, pitch and roll in degrees, the inverse of `openface_pose`."""
    turns = _about_x(rx) @ _about_y(ry) @ _about_z(rz)
    yaw = -np.arcsin(np.clip(-turns[:, 2, 0], -1, 1))
    pitch = -np.arctan2(turns[:, 2, 1], turns[:, 2, 2])
    roll = np.arctan2(turns[:, 1, 0], turns[:, 0, 0])
    return np.degrees(yaw), np.degrees(pitch), np.degrees(roll)


def openface_gaze(yaw_deg: Floats, pitch_deg: Floats) -> tuple[Floats, Floats]:
    """Return `gaze_angle_x` and `gaze_angle_y` of a direction, each of shape (N,)."""
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    return yaw, np.arctan2(-np.sin(pitch), np.cos(yaw) * np.cos(pitch))


def gaze_of_openface(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Return yaw and pitch in degrees, the inverse of `openface_gaze`."""
    return np.degrees(across), -np.degrees(np.arctan(np.tan(down) * np.cos(across)))


def _about_x(angle: Floats) -> Floats:
    return _rotation(angle, 1, 2)


def _about_y(angle: Floats) -> Floats:
    return _rotation(angle, 2, 0)


def _about_z(angle: Floats) -> Floats:
    return _rotation(angle, 0, 1)


def _rotation(angle: Floats, first: int, second: int) -> Floats:
    """Return rotations from one axis toward another, shape (N, 3, 3)."""
    turns = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    turns[:, first, first] = turns[:, second, second] = np.cos(angle)
    turns[:, second, first] = np.sin(angle)
    turns[:, first, second] = -np.sin(angle)
    return turns
