"""Opening of the mouth from the mesh."""

import numpy as np

from wildaffect.core.faces import FaceObservation

INSIDE_UPPER, INSIDE_LOWER = 13, 14
"""Middle of the inner edges of the lips."""
CORNER_INSIDE_RIGHT, CORNER_INSIDE_LEFT = 78, 308


def mouth_open(face: FaceObservation) -> float:
    """Return the height of the opening between the lips over its width, in [0, 1].

    Distances include the mesh's depth, so that a turned head changes little; 1 is an
    opening at least as high as wide. A mesh whose corners coincide gives 0.
    """
    upper, lower, right, left = face.landmarks_xyz[
        [INSIDE_UPPER, INSIDE_LOWER, CORNER_INSIDE_RIGHT, CORNER_INSIDE_LEFT]
    ]
    width = float(np.linalg.norm(left - right))
    if width == 0:
        return 0.0
    return min(1.0, float(np.linalg.norm(lower - upper)) / width)
