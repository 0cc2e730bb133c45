"""Closure of the eyes, and the state of a track's eyes over time."""

from typing import NamedTuple

from wildaffect.core.faces import FaceObservation
from wildaffect.faces.blendshapes import NAMES

CLOSES_AT = 0.45
"""Eyes close where the mean closure of both is at least this.

Blinks of a conversation filmed at 24 frames per second are 57, 55 and 52 with 0.40, 0.45
and 0.50; see docs/signals.md.
"""
OPENS_BELOW = 0.35
"""Closed eyes stay closed until the mean closure falls below this."""

_LEFT, _RIGHT = NAMES.index("eyeBlinkLeft"), NAMES.index("eyeBlinkRight")


class EyeClosure(NamedTuple):
    """Closure of each eye, in [0, 1]."""

    left: float
    right: float


def eye_closure(face: FaceObservation) -> EyeClosure:
    """Return the closure of both eyes: the blendshapes `eyeBlink`, as they are."""
    return EyeClosure(float(face.blendshapes[_LEFT]), float(face.blendshapes[_RIGHT]))


def are_closed(closure: EyeClosure, *, were_closed: bool) -> bool:
    """Return whether eyes are closed, given whether they were in the frame before.

    The two thresholds keep a noisy value from closing and opening the eyes in turn.
    """
    limit = OPENS_BELOW if were_closed else CLOSES_AT
    return (closure.left + closure.right) / 2 >= limit
