"""Named points of the head with an exact position in a picture.

Left and right are the subject's own.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.asset import Material, load_head

NEAR: dict[str, tuple[float, float, float]] = {
    "left_eye_outer": (0.47, 7.27, 1.30),
    "left_eye_inner": (0.175, 7.25, 1.36),
    "left_eye_upper": (0.31, 7.345, 1.43),
    "left_eye_lower": (0.31, 7.215, 1.40),
    "left_brow_inner": (0.12, 7.43, 1.50),
    "left_brow_middle": (0.30, 7.50, 1.46),
    "left_brow_outer": (0.48, 7.45, 1.33),
    "left_nose_wing": (0.17, 6.95, 1.50),
    "left_cheek": (0.42, 6.97, 1.36),
    "nose_root": (0.0, 7.27, 1.52),
    "nose_tip": (0.0, 6.98, 1.80),
    "nose_base": (0.0, 6.87, 1.60),
    "lip_upper": (0.0, 6.74, 1.62),
    "lip_lower": (0.0, 6.53, 1.57),
    "chin": (0.0, 6.30, 1.53),
}
"""Approximate positions on the unchanged head; right points mirror the left."""
CORNERS = ("left_mouth_corner", "right_mouth_corner")
EYES = ("left_eye", "right_eye")
NAMES = (
    *EYES,
    "nose_tip",
    *CORNERS,
    *(name for name in NEAR if name != "nose_tip"),
    *(name.replace("left", "right") for name in NEAR if name.startswith("left")),
)
"""The first five are those of the usual five-point alignment: eyes, nose, mouth corners."""


@cache
def _vertices() -> tuple[NDArray[np.int64], ...]:
    head = load_head()
    skin = np.unique(head.triangles[head.materials == Material.SKIN])
    places = dict(NEAR)
    for name, (x, y, z) in NEAR.items():
        places[name.replace("left", "right")] = (-x if "left" in name else x, y, z)
    found = {
        name: skin[[np.linalg.norm(head.vertices[skin] - place, axis=1).argmin()]]
        for name, place in places.items()
    }
    left, right = mouth_corners()
    found |= dict(zip(CORNERS, (left, right), strict=True))
    found |= {"left_eye": head.joints["l_eye"], "right_eye": head.joints["r_eye"]}
    return tuple(found[name] for name in NAMES)


@cache
def mouth_corners() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertex of the left and of the right corner, each shape (1,)."""
    head = load_head()
    face = head.materials == Material.SKIN
    u0, u1, v0, v1 = head.face_uv
    rows, columns = head.lips.shape
    uv = head.triangle_uv[face].reshape(-1, 2)
    x = np.clip((uv[:, 0] - u0) / (u1 - u0) * columns, 0, columns - 1).astype(int)
    y = np.clip((v1 - uv[:, 1]) / (v1 - v0) * rows, 0, rows - 1).astype(int)
    on_lips = np.unique(head.triangles[face].reshape(-1)[head.lips[y, x] > 0.5])
    across = head.vertices[on_lips, 0]
    return on_lips[[across.argmax()]], on_lips[[across.argmin()]]


@cache
def _rows() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return all vertices, where those of each point begin, and one over how many."""
    counts = np.array([len(rows) for rows in _vertices()])
    begins = np.cumsum(counts) - counts
    return np.concatenate(_vertices()), begins, (1 / counts[:, None]).astype(np.float32)


def landmarks_of(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the named points, given one row per vertex, shape (len(NAMES), columns)."""
    rows, begins, share = _rows()
    return (np.add.reduceat(points[rows], begins, axis=0) * share).astype(np.float32)
