"""The raised cheek, which the head's own face units show too weakly.

FACS on action unit 6: the cheeks and the infraorbital triangle are raised; skin gathers
below the eye and pushes the lower lid up; skin is drawn toward the eye from the temple,
the outer end of the brow comes down a little.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.noise import bump, smoothstep

RAISED = ("cheekRaiseLeft", "cheekRaiseRight")
"""Names of the two face units, the subject's left first."""


def raised_cheeks(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the displacement of each vertex by each face unit of `RAISED`, (2, V, 3).

    Args:
        vertices: Vertices of the unchanged head, shape (V, 3); only skin and lashes may
            move.
    """
    return np.stack([_one_side(vertices, side) for side in (1, -1)])


def _one_side(vertices: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    x, y, z = vertices[:, 0] * side, vertices[:, 1], vertices[:, 2]
    front = smoothstep(0.6, 1.05, z) * smoothstep(0.02, 0.12, x)
    below_lid = smoothstep(7.25, 7.14, y)
    cheek = bump(x - 0.38, 0.21) * bump(y - 7.03, 0.15) * front * below_lid
    lid = bump(x - 0.32, 0.13) * bump(y - 7.20, 0.05) * front * below_lid
    pouch = bump(x - 0.33, 0.16) * bump(y - 7.125, 0.05) * front * below_lid
    temple = bump(x - 0.58, 0.10) * bump(y - 7.22, 0.13) * front
    temple *= smoothstep(0.49, 0.60, x)
    brow = bump(x - 0.50, 0.10) * bump(y - 7.45, 0.07) * front
    move = np.zeros_like(vertices)
    move[:, 0] = side * (0.012 * cheek - 0.022 * temple)
    move[:, 1] = 0.100 * cheek + 0.022 * lid + 0.016 * temple - 0.022 * brow
    move[:, 2] = 0.030 * cheek + 0.010 * lid + 0.020 * pouch
    return move
