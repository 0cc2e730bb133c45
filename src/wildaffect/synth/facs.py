"""Action units of the generated people, each as a mix of the head's face units.

The twelve of Aff-Wild2 are labeled by annotators; ten more move the face and are in the
exact truth only. Source of their appearance: Facial Action Coding System (Ekman and
Friesen).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS
from wildaffect.synth.asset import HeadAsset

UNLABELED = (5, 9, 14, 16, 17, 18, 20, 22, 43, 28)
"""Rendered but not annotated: among others blinks (43) and the shapes of speech. New action
units are appended, so that people and videos of existing seeds do not change."""
DRAWN = (*ABAW_ACTION_UNIT_NUMBERS, *UNLABELED)
"""FACS numbers in the order of every array over action units in this package."""
COLUMN = {number: column for column, number in enumerate(DRAWN)}


def _both(unit: str, weight: float) -> dict[str, float]:
    return {f"{unit}Left": weight, f"{unit}Right": weight}


FACE_UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.9},
    2: _both("browOuterUp", 1.55),
    4: _both("browDown", 1.15),
    5: _both("eyeWide", 1.0),
    6: {
        **_both("cheekRaise", 1.15),
        **_both("cheekSquint", 0.45),
        **_both("eyeSquint", 0.25),
        **_both("mouthSmile", 0.10),
        **_both("mouthUpperUp", 0.10),
    },
    7: {**_both("eyeSquint", 1.0), **_both("eyeBlink", 0.10)},
    9: {
        **_both("noseWrinkle", 1.0),
        **_both("noseSneer", 0.7),
        **_both("mouthUpperUp", 0.5),
        **_both("eyeSquint", 0.15),
    },
    10: {**_both("mouthUpperUp", 0.95), **_both("noseSneer", 0.30)},
    12: {**_both("mouthSmile", 1.08), **_both("cheekRaise", 0.25)},
    14: _both("mouthDimple", 1.0),
    15: _both("mouthFrown", 1.35),
    16: _both("mouthLowerDown", 0.8),
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.5},
    18: {"mouthPucker": 0.9},
    20: _both("mouthStretch", 1.0),
    22: {"mouthFunnel": 0.9},
    23: {
        "mouthRollUpper": 0.40,
        "mouthRollLower": 0.40,
        "mouthPucker": 0.62,
        **_both("mouthPress", 0.10),
    },
    24: {**_both("mouthPress", 1.0), "mouthRollUpper": 0.48, "mouthRollLower": 0.48},
    25: {**_both("mouthLowerDown", 0.50), **_both("mouthUpperUp", 0.28), "jawOpen": 0.10},
    26: {"jawOpen": 0.62},
    43: _both("eyeBlink", 1.0),
    28: {"mouthRollUpper": 1.0, "mouthRollLower": 1.0},
}


@cache
def unit_matrix(units: tuple[str, ...]) -> NDArray[np.float32]:
    """Return weights of face units per action unit, shape (22, len(units))."""
    matrix = np.zeros((len(DRAWN), len(units)), np.float32)
    for number, parts in FACE_UNITS.items():
        for unit, weight in parts.items():
            matrix[COLUMN[number], units.index(unit)] = weight
    return matrix


def face_unit_weights(
    head: HeadAsset,
    intensities: NDArray[np.floating],
    *,
    gain: NDArray[np.float32],
    asymmetry: NDArray[np.float32],
    gaze: tuple[float, float],
) -> NDArray[np.float32]:
    """Return the weights of the head's face units for one moment of one person.

    Face units without sides follow the mean of left and right.

    Args:
        head: The head.
        intensities: Intensity of each of `DRAWN`, in [0, 1]: shape (22,), or (2, 22) for
            the subject's left and right.
        gain: Expressiveness of the person per action unit, about 1.
        asymmetry: Left minus right half of each action unit, about 0.
        gaze: Rotation of the eyes to the subject's left and up, in radians.
    """
    matrix = unit_matrix(head.units)
    left = np.array([unit.endswith("Left") for unit in head.units], np.float32)
    right = np.array([unit.endswith("Right") for unit in head.units], np.float32)
    sides = np.broadcast_to(intensities, (2, len(DRAWN)))
    strength = (sides.mean(0) * gain).astype(np.float32)
    uneven = ((sides[0] - sides[1]) / 2 * gain).astype(np.float32)
    uneven = uneven + strength * asymmetry
    weights = strength @ matrix + uneven @ (matrix * (left - right))
    weights = weights + _lids_follow(head, gaze)
    return np.clip(weights, 0, 2.0)


def _lids_follow(head: HeadAsset, gaze: tuple[float, float]) -> NDArray[np.float32]:
    to_left, up = gaze
    parts = {
        "eyeLookUpLeft": up,
        "eyeLookUpRight": up,
        "eyeLookDownLeft": -up,
        "eyeLookDownRight": -up,
        "eyeLookOutLeft": to_left,
        "eyeLookInRight": to_left,
        "eyeLookInLeft": -to_left,
        "eyeLookOutRight": -to_left,
    }
    weights = np.zeros(len(head.units), np.float32)
    for unit, angle in parts.items():
        weights[head.units.index(unit)] = np.clip(angle / 0.5, 0, 1)
    return weights
