"""Feature sets: the features of every face, and their dependencies."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UsageError
from wildaffect.core.faces import FaceObservation
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.models import MEASURING
from wildaffect.features.geometry import (
    EYE_CORNERS,
    GEOMETRY_COLUMNS,
    MEASURES,
    MESH_COLUMNS,
    geometry_row,
    mesh_row,
)
from wildaffect.features.measures import MIDLINE, POINTS
from wildaffect.features.records import NO_DIGEST, Provenance

Embed = Callable[[Sequence[FaceObservation]], NDArray[np.float32]]
"""N faces -> (N, D), finite; `crops` of every face includes the set's crop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """A named function from faces to features, such as a backbone.

    It contains no loaded network, so that it is picklable.
    """

    name: str
    columns: tuple[str, ...]
    start: Callable[[], Embed]
    """Loads the function that computes the rows, once per extracting process; a function of
    a module, or a `partial` of one."""
    weights_sha256: str
    """Hash of a backbone's weights; for geometry, of the face networks and the
    definition."""
    preprocess: Preprocess | None = None
    """The crop that `embed` reads; None if it reads landmarks."""

    def provenance(self, content_sha256: str) -> Provenance:
        """Return the digests that the set's features of a source depend on."""
        return Provenance(
            content_sha256=content_sha256,
            preprocess_sha256=self.preprocess.digest() if self.preprocess else NO_DIGEST,
            weights_sha256=self.weights_sha256,
        )


Started = tuple[FeatureSet, Embed]
"""A feature set with its function in this process."""


def crops_of(sets: Sequence[FeatureSet]) -> tuple[Preprocess, ...]:
    """Return the crops that faces need for `rows_of_faces`, in order."""
    return tuple(feature_set.preprocess for feature_set in sets if feature_set.preprocess)


def rows_of_faces(
    started: Sequence[Started], faces: Sequence[FaceObservation]
) -> list[NDArray[np.float32]]:
    """Return the rows of each set, shape (N, D); shared by extraction and analysis.

    Args:
        started: Feature sets to compute.
        faces: N faces, at least one, with the crops of `crops_of`.
    """
    crop = 0
    rows = []
    for feature_set, embed in started:
        shown = faces
        if feature_set.preprocess:
            shown = [replace(face, crops=(face.crops[crop],)) for face in faces]
            crop += 1
        rows.append(embed(shown))
    return rows


def geometry_set() -> FeatureSet:
    """Return named measures, pose and blendshapes, see `geometry_row`."""
    return FeatureSet(
        name="geometry",
        columns=GEOMETRY_COLUMNS,
        start=partial(_measure_with, geometry_row),
        weights_sha256=_definition_sha256(),
    )


def mesh_set() -> FeatureSet:
    """Return the frontal mesh, see `mesh_row`."""
    return FeatureSet(
        name="mesh",
        columns=MESH_COLUMNS,
        start=partial(_measure_with, mesh_row),
        weights_sha256=_definition_sha256(),
    )


MEASURED: dict[str, Callable[[], FeatureSet]] = {
    "geometry": geometry_set,
    "mesh": mesh_set,
}
"""Feature sets that only need the embedded face networks."""


def measured_sets(names: Sequence[str]) -> list[FeatureSet]:
    """Return the measured sets of these names.

    Raises:
        UsageError: If a set does not exist.
    """
    for name in names:
        if name not in MEASURED:
            raise UsageError(f"features: must be among {', '.join(MEASURED)}, got {name!r}")
    return [MEASURED[name]() for name in dict.fromkeys(names)]


def _measure_with(row: Callable[[FaceObservation], NDArray[np.float32]]) -> Embed:
    return lambda faces: np.stack([row(face) for face in faces])


def _definition_sha256() -> str:
    """Return the hash of the face networks, the points and the measures."""
    definition = {
        "nets": [model.sha256 for model in MEASURING],
        "points": POINTS,
        "midline": MIDLINE,
        "measures": [asdict(measure) for measure in MEASURES],
        "origin": EYE_CORNERS,
    }
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
