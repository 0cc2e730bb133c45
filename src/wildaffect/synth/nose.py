"""The wrinkled nose, which the face units of the head show too weakly.

FACS on action unit 9: skin along the sides of the nose is pulled up and the wings with it;
wrinkles gather next to and above the bridge, and the inner part of the cheek swells.
Corners of the mouth and the cheekbone do not move; the upper lip is raised by a unit of the
head's own.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.noise import bump, smoothstep

WRINKLED = ("noseWrinkleLeft", "noseWrinkleRight")
"""Names of the two face units, the subject's left first."""


def wrinkled_nose(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the displacement of each vertex by each face unit of `WRINKLED`, (2, V, 3).

    Args:
        vertices: Vertices of the unchanged head, shape (V, 3); only skin may move.
    """
    return np.stack([_one_side(vertices, side) for side in (1, -1)])


def _one_side(vertices: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    x, y, z = vertices[:, 0] * side, vertices[:, 1], vertices[:, 2]
    front = smoothstep(0.9, 1.25, z) * smoothstep(-0.06, 0.06, x)
    wing = bump(x - 0.16, 0.10) * bump(y - 6.95, 0.11) * front
    beside = bump(x - 0.20, 0.08) * bump(y - 7.08, 0.09) * front
    tip = bump(x, 0.10) * bump(y - 6.92, 0.08) * front
    root = bump(x - 0.05, 0.07) * bump(y - 7.26, 0.07) * front
    move = np.zeros_like(vertices)
    move[:, 0] = side * 0.022 * wing
    move[:, 1] = 0.045 * wing + 0.040 * beside + 0.010 * tip
    move[:, 2] = 0.022 * beside + 0.014 * root
    return move
