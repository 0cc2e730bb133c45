"""A person's neutral face, estimated while the video plays.

The plain mean or median of a clip would call a constant smile neutral. Here a frame counts
only as far as it is calm in absolute terms, so a clip of constant smiling leaves the
person's neutral unknown: measurements are then relative to a face at rest of the
population, and geometry shows no change if the policy has no such geometry.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.blendshapes import NAMES
from wildaffect.features.geometry import GEOMETRY_NAMES
from wildaffect.inference.manifest import NeutralPolicy

MAX_STEP_S = 0.2
"""Maximum time since the previous row that a row represents."""
FIRST_STEP_S = 0.04
"""Time that the first row represents."""

_PLACES = {name: place for place, name in enumerate(NAMES)}

Vector = NDArray[np.float32]
Rows = NDArray[np.float32]

DEFAULT_POLICY = NeutralPolicy(
    calm_limits={
        **{f"mouthSmile{side}": 0.30 for side in ("Left", "Right")},
        **{f"mouthUpperUp{side}": 0.30 for side in ("Left", "Right")},
        **{f"mouthLowerDown{side}": 0.30 for side in ("Left", "Right")},
        **{f"mouthStretch{side}": 0.30 for side in ("Left", "Right")},
        **{f"mouthPress{side}": 0.40 for side in ("Left", "Right")},
        **{f"browDown{side}": 0.50 for side in ("Left", "Right")},
        **{f"eyeBlink{side}": 0.60 for side in ("Left", "Right")},
        "browInnerUp": 0.70,
        "jawOpen": 0.15,
        "mouthFunnel": 0.30,
        "mouthPucker": 0.80,
    },
    population={
        **{f"browOuterUp{side}": 0.12 for side in ("Left", "Right")},
        **{f"browDown{side}": 0.04 for side in ("Left", "Right")},
        **{f"eyeSquint{side}": 0.22 for side in ("Left", "Right")},
        **{f"eyeBlink{side}": 0.09 for side in ("Left", "Right")},
        **{f"mouthPress{side}": 0.06 for side in ("Left", "Right")},
        **{f"mouthUpperUp{side}": 0.02 for side in ("Left", "Right")},
        "browInnerUp": 0.12,
        "jawOpen": 0.02,
    },
)
"""Policy of the embedded artifacts and, by default, of trained models. Limits were set
manually; the population's scores are those of the blendshape net on the calm frames of
three people in freely shared clips, rounded: a substitute until a person's own calm frames
are seen."""


NeutralOf = Callable[[int], "Neutral"]
"""Function from the number of a track to a new neutral for it."""


class Changes(NamedTuple):
    """Measurements of a track relative to the person's neutral."""

    geometry: Rows
    """Shape (T, number of measures)."""
    blendshapes: Rows
    """Shape (T, 52)."""
    confidence: Rows
    """Confidence in the person's own neutral, in [0, 1], shape (T, 1)."""


def calmness(blendshapes: Vector, policy: NeutralPolicy) -> float:
    """Return how far a frame counts toward the neutral face, from 0 (not) to 1 (fully).

    The weight decreases linearly with the most active of the policy's blendshapes and is 0
    once any of them reaches its limit.
    """
    used = max(
        max(float(blendshapes[_PLACES[name]]), 0.0) / limit
        for name, limit in policy.calm_limits.items()
    )
    return max(0.0, 1.0 - used)


class Neutral:
    """Reference face for one person's measurements.

    It is interpolated between a face at rest of the population and the person's own, by
    `confidence`. This base class always uses the population's.
    """

    def __init__(self, policy: NeutralPolicy) -> None:
        self._population = np.array(
            [policy.population.get(name, 0.0) for name in NAMES], np.float32
        )
        self._population_geometry: Vector | None = None
        if policy.population_geometry:
            values = [policy.population_geometry[name] for name in GEOMETRY_NAMES]
            self._population_geometry = np.array(values, np.float32)
        self._geometry: NDArray[np.float64] | None = None
        self._blendshapes = self._population.astype(np.float64)

    @property
    def confidence(self) -> float:
        """Return how well the person's own neutral is known, in [0, 1]."""
        return 0.0

    @property
    def warm_up_s(self) -> float:
        """Return how long the first rows of a track wait for a first estimate."""
        return 0.0

    def update(self, time_s: float, geometry: Vector, blendshapes: Vector) -> None:
        """Take one row into account; rows come in order of time."""

    def geometry_change(self, geometry: Vector) -> Vector:
        """Return the difference to the neutral, which is the population's until known.

        Where the policy has no geometry of the population, it is the difference to the
        person's own, scaled by the confidence in it.
        """
        known = self.confidence
        if self._population_geometry is None:
            if self._geometry is None:
                return np.zeros_like(geometry)
            return (known * (geometry - self._geometry)).astype(np.float32)
        if self._geometry is None:
            return geometry - self._population_geometry
        neutral = known * self._geometry + (1 - known) * self._population_geometry
        return (geometry - neutral).astype(np.float32)

    def blendshapes_change(self, blendshapes: Vector) -> Vector:
        """Return the difference to the neutral, which is the population's until known."""
        known = self.confidence
        neutral = known * self._blendshapes + (1 - known) * self._population
        return (blendshapes - neutral).astype(np.float32)


class GivenNeutral(Neutral):
    """A neutral that is given from the start and not estimated."""

    def __init__(
        self, policy: NeutralPolicy, geometry: Vector, blendshapes: Vector
    ) -> None:
        super().__init__(policy)
        self._geometry = geometry.astype(np.float64)
        self._blendshapes = blendshapes.astype(np.float64)

    @property
    def confidence(self) -> float:
        """Return 1."""
        return 1.0


class PersonNeutral(Neutral):
    """Estimated neutral of one track: call `update` with every row, then read changes."""

    def __init__(self, policy: NeutralPolicy) -> None:
        super().__init__(policy)
        self._policy = policy
        self._calm_s = 0.0
        self._last_s: float | None = None

    @property
    def confidence(self) -> float:
        """Return how well the person's own neutral is known, in [0, 1)."""
        return self._calm_s / (self._calm_s + self._policy.prior_s)

    @property
    def warm_up_s(self) -> float:
        """Return how long the first rows of a track wait for a first estimate."""
        return self._policy.warm_up_s

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


def population_changes(geometry: Rows, blendshapes: Rows, policy: NeutralPolicy) -> Changes:
    """Return the changes of rows relative to the population alone.

    Args:
        geometry: Measures of each row, shape (T, number of measures).
        blendshapes: Shape (T, 52).
        policy: Policy with the population's values.
    """
    rest = Neutral(policy)
    changes = _no_changes(geometry, blendshapes)
    for row in range(len(geometry)):
        changes.geometry[row] = rest.geometry_change(geometry[row])
        changes.blendshapes[row] = rest.blendshapes_change(blendshapes[row])
    return changes


def track_changes(
    time_s: NDArray[np.float64], geometry: Rows, blendshapes: Rows, policy: NeutralPolicy
) -> Changes:
    """Return the changes of a complete track, equal to those of the streaming analyzer.

    A row is compared with the estimate at the time the analyzer reads it: after the row
    itself, or after the warm-up for the first rows.

    Args:
        time_s: Strictly ascending, shape (T,).
        geometry: Measures of each row, shape (T, number of measures).
        blendshapes: Shape (T, 52).
        policy: Policy for the estimate of the neutral.
    """
    neutral = PersonNeutral(policy)
    changes = _no_changes(geometry, blendshapes)
    num_rows = len(time_s)
    warm = np.searchsorted(time_s - time_s[:1], policy.warm_up_s)
    held = min(int(warm), num_rows - 1)
    waiting: list[int] = []
    for row in range(num_rows):
        neutral.update(float(time_s[row]), geometry[row], blendshapes[row])
        waiting.append(row)
        if row < held:
            continue
        for read in waiting:
            changes.geometry[read] = neutral.geometry_change(geometry[read])
            changes.blendshapes[read] = neutral.blendshapes_change(blendshapes[read])
            changes.confidence[read] = neutral.confidence
        waiting.clear()
    return changes


def _no_changes(geometry: Rows, blendshapes: Rows) -> Changes:
    confidence = np.zeros((len(geometry), 1), np.float32)
    return Changes(np.zeros_like(geometry), np.zeros_like(blendshapes), confidence)
