"""Closure of the eyes, and the state of a track's eyes over time."""

import math
from typing import NamedTuple

from wildaffect.core.faces import FaceObservation
from wildaffect.faces.blendshapes import NAMES

CLOSES_AT = 0.5
"""Eyes close where at least this share of the way from open to closed is covered.

Blinks of a conversation are 57, 57, 56 and 55 with 0.40, 0.45, 0.50 and 0.55, and 57 as
counted by eye (docs/signals.md).
"""
OPENS_BELOW = 0.25
"""Closed eyes stay closed until the share falls below this."""
CLOSED = 0.75
"""Typical mean closure of closed eyes."""
OPEN = 0.12
"""Typical mean closure of open eyes, until the person's own is known."""
MAX_OPEN = 0.35
"""Maximum mean closure that can pass for a person's open eyes."""
ADAPTS_IN_S = 3.0
"""Time constant with which the closure of the person's own open eyes is followed.

Eyes of some people, and lowered ones, are far more closed when open than those of others.
"""

_LEFT, _RIGHT = NAMES.index("eyeBlinkLeft"), NAMES.index("eyeBlinkRight")


class EyeClosure(NamedTuple):
    """Closure of each eye, in [0, 1]."""

    left: float
    right: float

    @property
    def mean(self) -> float:
        """Mean of both eyes."""
        return (self.left + self.right) / 2


def eye_closure(face: FaceObservation) -> EyeClosure:
    """Return the closure of both eyes: the blendshapes `eyeBlink`, as they are."""
    return EyeClosure(float(face.blendshapes[_LEFT]), float(face.blendshapes[_RIGHT]))


class EyeState:
    """Whether the eyes of one track are closed, from its closures in order of time.

    Two thresholds keep a noisy value from closing and opening the eyes in turn; they are
    relative to the person's own open eyes in the past seconds.

    Args:
        closes_at: Share of the way from open to closed at which eyes close.
    """

    def __init__(self, closes_at: float = CLOSES_AT) -> None:
        self._closes_at = closes_at
        self._open = OPEN
        self._closed = False
        self._last_s: float | None = None

    def update(self, time_s: float, closure: EyeClosure) -> bool:
        """Return whether the eyes are closed in the next frame."""
        share = (closure.mean - self._open) / (CLOSED - self._open)
        self._closed = share >= (OPENS_BELOW if self._closed else self._closes_at)
        if not self._closed and self._last_s is not None:
            weight = 1 - math.exp(-(time_s - self._last_s) / ADAPTS_IN_S)
            self._open += weight * (closure.mean - self._open)
            self._open = min(self._open, MAX_OPEN)
        self._last_s = time_s
        return self._closed

    def lose(self) -> None:
        """Forget that the eyes were closed: the face cannot be read."""
        self._closed = False
        self._last_s = None  # what was not seen has no weight in the level of open eyes
