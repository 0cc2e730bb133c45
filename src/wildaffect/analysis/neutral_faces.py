"""Measured faces that serve as a person's neutral face."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import Status
from wildaffect.inference.inputs import FaceRow
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import GivenNeutral, Neutral, NeutralOf


def usable_faces(rows: Iterable[FaceRow]) -> dict[int, list[FaceRow]]:
    """Return the rows of each track with good face quality."""
    faces: dict[int, list[FaceRow]] = {}
    for row in rows:
        if row.face.status is Status.OK:
            faces.setdefault(row.face.track_id, []).append(row)
    return faces


def face_size_px(rows: list[FaceRow]) -> float:
    """Return the median size of a track's faces in pixels."""
    return float(np.median([row.face.face_size_px for row in rows]))


@dataclass(frozen=True, slots=True)
class _SameNeutral:
    """A measured neutral face for any track; picklable, as workers get it."""

    policy: NeutralPolicy
    geometry: NDArray[np.float32]
    blendshapes: NDArray[np.float32]

    def __call__(self, track_id: int) -> Neutral:  # noqa: ARG002 - alike for all
        """Return the neutral of a track."""
        return GivenNeutral(self.policy, self.geometry, self.blendshapes)


def median_face(rows: list[FaceRow], policy: NeutralPolicy) -> NeutralOf:
    """Return the median of some rows as a neutral, which a blink does not affect."""
    geometry, blendshapes = (
        np.median([row.measured[kind] for row in rows], axis=0).astype(np.float32)
        for kind in ("geometry", "blendshapes")
    )
    return _SameNeutral(policy, geometry, blendshapes)
