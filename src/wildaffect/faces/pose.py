"""Head pose from landmarks, in the frame of reference of `HeadPose`."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import HeadPose
from wildaffect.faces.models import canonical_face


def head_pose(landmarks_xyz: NDArray[np.float32]) -> HeadPose:
    """Return the rotation that maps the canonical face to the landmarks.

    The fit is rigid with scale, weighted on points that expressions move little. The mesh
    is orthographic, so the angles are relative to the line of sight to the face, not to the
    camera's axis.

    Args:
        landmarks_xyz: Mesh in pixels, y down, depth negative toward the camera, (478, 3).

    Source:
        Weighted orthogonal Procrustes, W. Kabsch, Acta Cryst. A32:922, 1976. Canonical face
        and weights are MediaPipe's; it also solves for a perspective camera, which a crop
        of unknown focal length does not allow.
    """
    return rotation_to_pose(head_rotation(landmarks_xyz))


def head_rotation(landmarks_xyz: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the rotation (3, 3); x to the image's right, y up, z to the camera."""
    weight, weighted_model = _rigid_model()
    observed = landmarks_xyz[canonical_face().rigid_index].astype(np.float64) * [1, -1, -1]
    observed = observed - (weight * observed).sum(0)
    u, _, vt = np.linalg.svd(weighted_model.T @ observed)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
    return vt.T @ flip @ u.T


@cache
def _rigid_model() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return weights (R, 1) that add up to 1, and the centered, weighted model (R, 3)."""
    face = canonical_face()
    weight = (face.rigid_weight / face.rigid_weight.sum())[:, None]
    model = face.vertices[face.rigid_index].astype(np.float64)
    return weight, weight * (model - (weight * model).sum(0))


def rotation_to_pose(rotation: NDArray[np.float64]) -> HeadPose:
    """Return the angles of R = Rz(-roll) Ry(yaw) Rx(-pitch)."""
    yaw = np.arcsin(np.clip(-rotation[2, 0], -1, 1))
    pitch = -np.arctan2(rotation[2, 1], rotation[2, 2])
    roll = -np.arctan2(rotation[1, 0], rotation[0, 0])
    return HeadPose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))


def pose_to_rotation(pose: HeadPose) -> NDArray[np.float64]:
    """Return R = Rz(-roll) Ry(yaw) Rx(-pitch), the inverse of `rotation_to_pose`."""
    yaw, pitch, roll = np.radians([pose.yaw_deg, -pose.pitch_deg, -pose.roll_deg])
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
