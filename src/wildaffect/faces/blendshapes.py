"""52 blendshape scores from landmarks, named as in ARKit (subject's left and right).

Several outputs never rise whatever the face does; `DEAD` lists them.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.models import BLENDSHAPES
from wildaffect.runtime.network import Device, Network

NAMES = (
    "_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight "
    "cheekPuff cheekSquintLeft cheekSquintRight eyeBlinkLeft eyeBlinkRight "
    "eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight eyeLookOutLeft "
    "eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight "
    "eyeWideLeft eyeWideRight jawForward jawLeft jawOpen jawRight mouthClose "
    "mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel "
    "mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight "
    "mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower "
    "mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft "
    "mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft "
    "noseSneerRight"
).split()
"""Names of the network's outputs in order, as in the MediaPipe Face Landmarker."""

DEAD = (
    "cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight "
    "jawForward jawLeft mouthFrownLeft mouthFrownRight"
).split()
"""Never above 0.07 in 7,566 frames of laughter, crying and disgust; the same in MediaPipe's
own pipeline. They are no evidence of action units 6, 9 and 15."""

# fmt: off
INPUT_LANDMARKS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61,
    63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127,
    132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160,
    161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308,
    310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365,
    373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397,
    398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476,
    477,
])
# fmt: on
"""The 146 landmarks that the network reads, in its order (MediaPipe, blendshapes graph)."""


class Blendshapes:
    """The blendshape network; stateless."""

    def __init__(self, device: Device) -> None:
        self._network = Network(BLENDSHAPES.verified_path(), device=device)

    def __call__(self, landmarks_xyz: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores in [0, 1], shape (52,), for a mesh in pixels, shape (478, 3)."""
        (scores,) = self._network(landmarks_xyz[None, INPUT_LANDMARKS, :2])
        return scores.ravel()
