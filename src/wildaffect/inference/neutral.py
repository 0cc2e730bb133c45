"""A person's neutral face, estimated as the video goes on.

The plain mean or median of a clip would call a constant smile neutral. Here a frame counts
only as far as it is calm in absolute terms, so a clip that is all smile leaves the person's
neutral unknown: geometry then stays silent, and blendshapes are read against a face at rest
of the population.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.blendshapes import NAMES
from wildaffect.inference.manifest import NeutralPolicy

MAX_STEP_S = 0.2
"""A row stands for the time since the one before it, but never for more than this."""
FIRST_STEP_S = 0.04
"""What the first row stands for."""

Vector = NDArray[np.float32]


def calmness(blendshapes: Vector, policy: NeutralPolicy) -> float:
    """Return how far a frame counts towards the neutral face, from 0 (not) to 1 (fully).

    It falls in a straight line with the most active of the policy's blendshapes and is 0
    once any of them reaches its limit.
    """
    used = max(
        max(float(blendshapes[NAMES.index(name)]), 0.0) / limit
        for name, limit in policy.calm_limits.items()
    )
    return max(0.0, 1.0 - used)


class PersonNeutral:
    """The neutral of one track; `update` with every row, then read `change`."""

    def __init__(self, policy: NeutralPolicy) -> None:
        self._policy = policy
        self._population = np.array(
            [policy.population.get(name, 0.0) for name in NAMES], np.float32
        )
        self._calm_s = 0.0
        self._geometry: Vector | None = None
        self._blendshapes = self._population.astype(np.float64)
        self._last_s: float | None = None

    @property
    def confidence(self) -> float:
        """Return how well the person's own neutral is known, in [0, 1)."""
        return self._calm_s / (self._calm_s + self._policy.prior_s)

    def update(self, time_s: float, geometry: Vector, blendshapes: Vector) -> None:
        """Take one row into account; rows come in order of time."""
        step_s = FIRST_STEP_S if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        seconds = min(step_s, MAX_STEP_S) * calmness(blendshapes, self._policy)
        if seconds <= 0:
            return
        self._calm_s += seconds
        share = seconds / self._calm_s
        if self._geometry is None:
            self._geometry = geometry.astype(np.float64)
            self._blendshapes = blendshapes.astype(np.float64)
            return
        self._geometry += share * (geometry - self._geometry)
        self._blendshapes += share * (blendshapes - self._blendshapes)

    def geometry_change(self, geometry: Vector) -> Vector:
        """Return the difference to the person's neutral, scaled by the confidence in it."""
        if self._geometry is None:
            return np.zeros_like(geometry)
        return (self.confidence * (geometry - self._geometry)).astype(np.float32)

    def blendshapes_change(self, blendshapes: Vector) -> Vector:
        """Return the difference to the neutral, which is the population's until known."""
        known = self.confidence
        neutral = known * self._blendshapes + (1 - known) * self._population
        return (blendshapes - neutral).astype(np.float32)
