"""Pose-invariant measures of a face mesh.

Symbols: T faces, D measures.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import NUM_LANDMARKS, FaceObservation
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPE_NAMES
from wildaffect.faces.models import canonical_face
from wildaffect.features.measures import MIDLINE, POINTS, Kind, expand_measures

Floats = NDArray[np.floating]

MEASURES = expand_measures()
GEOMETRY_NAMES = tuple(measure.name for measure in MEASURES)
"""Columns of `geometry`; `measures` defines each one."""

POSE_NAMES = ("pose_yaw_deg", "pose_pitch_deg", "pose_roll_deg")

GEOMETRY_COLUMNS = (
    *GEOMETRY_NAMES,
    *POSE_NAMES,
    *(f"blendshape_{name}" for name in BLENDSHAPE_NAMES),
)
"""Order of `geometry_row`: the feature set `geometry`."""

MESH_COLUMNS = tuple(f"mesh_{i:03d}_{axis}" for i in range(NUM_LANDMARKS) for axis in "xyz")
"""Order of `mesh_row`: the feature set `mesh`."""

IRIS_PAIRS = ((468, 473), (469, 476), (470, 475), (471, 474), (472, 477))
"""Right and left iris: center, the side toward image right and left, top, bottom. Mirroring
maps a side of one iris to the opposite side of the other."""

EYE_OUTER_RIGHT, EYE_OUTER_LEFT = 33, 263
EYE_CORNERS = (33, 133, 362, 263)


@cache
def mirror_index() -> NDArray[np.int64]:
    """Return the mirror image of each landmark, as indices of shape (478,)."""
    vertices = canonical_face().vertices
    mirrored = vertices * np.array([-1, 1, 1], dtype=vertices.dtype)
    distances = np.linalg.norm(mirrored[:, None] - vertices[None], axis=2)
    index = np.concatenate([distances.argmin(1), np.zeros(10, dtype=np.int64)])
    for right, left in IRIS_PAIRS:
        index[right], index[left] = left, right
    return index


def mirrored_columns(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the mirror image of each measure, as indices of shape (D,).

    Args:
        names: Names of measures, whose sides end in `_left` and `_right`.
    """
    sides = {"_left": "_right", "_right": "_left"}

    def other(name: str) -> str:
        for side, opposite in sides.items():
            if name.endswith(side):
                return name.removesuffix(side) + opposite
        return name

    return np.array([list(names).index(other(name)) for name in names], np.int64)


def geometry(landmarks_xyz: Floats, pose_deg: Floats) -> NDArray[np.float32]:
    """Return the measures of each face, shape (T, D), in the order of `GEOMETRY_NAMES`.

    They are invariant to translation, scale and in-plane rotation; a mirrored face has left
    and right exchanged. The pose of the head is compensated, as far as the mesh's depth is
    correct: the measures of a turned face are noisier.

    Args:
        landmarks_xyz: Meshes in pixels, y down, depth negative to the camera, (T, 478, 3).
        pose_deg: Yaw, pitch, roll as in `HeadPose`, shape (T, 3).

    Returns:
        Angles in degrees, all else in distances between the outer eye corners. A mesh
        whose eye corners coincide gives values that are not finite.
    """
    plan = _plan()
    points = plan.ends @ landmarks_xyz[:, plan.landmarks].astype(np.float64)  # (T, D, 3)
    delta = points @ _to_frontal(pose_deg)
    delta /= _eye_distance(landmarks_xyz)[:, None, None]
    values = delta[:, plan.rows, plan.axis]
    values[:, plan.width] = np.abs(values[:, plan.width])
    apart = delta[:, plan.distance]
    values[:, plan.distance] = np.hypot(apart[..., 0], apart[..., 1])
    slope = delta[:, plan.slope]
    values[:, plan.slope] = np.degrees(np.arctan2(slope[..., 1], np.abs(slope[..., 0])))
    return values.astype(np.float32)


def frontal_mesh(landmarks_xyz: Floats, pose_deg: Floats) -> NDArray[np.float32]:
    """Return the frontalized meshes, shape (T, 478, 3).

    The origin is the middle of the four eye corners, the unit the distance between the
    outer ones; x to the subject's left, y up, z to the viewer. Arguments: `geometry`.
    """
    origin = landmarks_xyz[:, EYE_CORNERS].mean(1, keepdims=True, dtype=np.float64)
    turned = (landmarks_xyz - origin) @ _to_frontal(pose_deg)
    return (turned / _eye_distance(landmarks_xyz)[:, None, None]).astype(np.float32)


def geometry_row(face: FaceObservation) -> NDArray[np.float32]:
    """Return measures, pose and blendshapes of a face, in the order `GEOMETRY_COLUMNS`."""
    pose = np.array([face.pose])
    measures = geometry(face.landmarks_xyz[None], pose)[0]
    return np.concatenate([measures, pose[0], face.blendshapes]).astype(np.float32)


def split_row(rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Return measures, pose and blendshapes from rows (T, D) of `geometry_row`."""
    ends = np.cumsum([len(GEOMETRY_NAMES), len(POSE_NAMES)])
    measures, pose, blendshapes = np.split(rows, ends, axis=1)
    return measures, pose, blendshapes


def mesh_row(face: FaceObservation) -> NDArray[np.float32]:
    """Return the frontal mesh of a face, flat, in the order of `MESH_COLUMNS`."""
    return frontal_mesh(face.landmarks_xyz[None], np.array([face.pose]))[0].ravel()


def _eye_distance(landmarks_xyz: Floats) -> NDArray[np.float64]:
    across = landmarks_xyz[:, EYE_OUTER_LEFT] - landmarks_xyz[:, EYE_OUTER_RIGHT]
    return np.sqrt((across.astype(np.float64) ** 2).sum(1))


def _to_frontal(pose_deg: Floats) -> NDArray[np.float64]:
    """Return the map from the image's axes to the head's, for points as rows, (T, 3, 3).

    The head's rotation is Rz(-roll) Ry(yaw) Rx(-pitch) with y up and z to the viewer, see
    `faces.pose`; a row of points times a rotation is the inverse turn.
    """
    angles = np.radians(np.asarray(pose_deg, dtype=np.float64))
    sy, sp, sr = np.sin(angles).T
    cy, cp, cr = np.cos(angles).T
    rotation = np.empty((len(angles), 3, 3))
    rotation[:, 0, 0] = cr * cy
    rotation[:, 1, 0] = -sr * cy
    rotation[:, 2, 0] = -sy
    rotation[:, 0, 1] = sr * cp - cr * sy * sp
    rotation[:, 1, 1] = cr * cp + sr * sy * sp
    rotation[:, 2, 1] = -cy * sp
    rotation[:, 0, 2] = sr * sp + cr * sy * cp
    rotation[:, 1, 2] = cr * sp - sr * sy * cp
    rotation[:, 2, 2] = cy * cp
    rotation[:, 1:] *= -1
    return rotation


class _Plan(NamedTuple):
    """The table of measures as index arrays."""

    landmarks: NDArray[np.int64]
    ends: NDArray[np.float64]
    """Landmarks to the difference of each measure's two points, (D, landmarks used)."""
    rows: NDArray[np.int64]
    axis: NDArray[np.int64]
    width: NDArray[np.int64]
    distance: NDArray[np.int64]
    slope: NDArray[np.int64]


@cache
def _plan() -> _Plan:
    mirror = mirror_index()
    groups = dict(MIDLINE)
    for name, right in POINTS.items():
        groups[f"{name}_right"] = right
        groups[f"{name}_left"] = tuple(mirror[list(right)].tolist())
    landmarks = sorted({i for group in groups.values() for i in group})
    means = np.array(
        [[(i in group) / len(group) for i in landmarks] for group in groups.values()]
    )
    points = dict(zip(groups, means, strict=True))
    axes: dict[Kind, int] = {"height": 1, "width": 0, "distance": 0, "depth": 2, "slope": 1}

    def of_kind(kind: Kind) -> NDArray[np.int64]:
        return np.flatnonzero([measure.kind == kind for measure in MEASURES])

    return _Plan(
        landmarks=np.array(landmarks),
        ends=np.array([points[m.point] - points[m.base] for m in MEASURES]),
        rows=np.arange(len(MEASURES)),
        axis=np.array([axes[measure.kind] for measure in MEASURES]),
        width=of_kind("width"),
        distance=of_kind("distance"),
        slope=of_kind("slope"),
    )
