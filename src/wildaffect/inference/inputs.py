"""Feature rows for an artifact's networks from the observations of one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact
from wildaffect.core.faces import FaceObservation
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPE_NAMES
from wildaffect.features.embedding import NETWORK_BATCH, Embedder
from wildaffect.features.geometry import GEOMETRY_NAMES, split_row
from wildaffect.features.sets import (
    FeatureSet,
    Started,
    crops_of,
    geometry_set,
    rows_of_faces,
)
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.checks import EmbedCrops, check_backbone
from wildaffect.inference.manifest import BackboneInput, MeasuredInput
from wildaffect.inference.neutral import Neutral
from wildaffect.runtime.network import Device

Vector = NDArray[np.float32]
POSE_NAMES = ("yaw_deg", "pitch_deg", "roll_deg")
COLUMNS = {
    "geometry": tuple(GEOMETRY_NAMES),
    "geometry_change": tuple(GEOMETRY_NAMES),
    "blendshapes": tuple(BLENDSHAPE_NAMES),
    "blendshapes_change": tuple(BLENDSHAPE_NAMES),
    "neutral_confidence": ("neutral_confidence",),
    "pose": POSE_NAMES,
}
"""Columns of each measured input."""

UNIT_INPUTS = ("geometry_change", "neutral_confidence")
"""Inputs of the action unit network: changes from the neutral face, and its confidence.

Blendshapes are omitted: they improve expression and valence on generated faces but make
both worse on real photographs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRow:
    """One face of one person with all of its measurements."""

    frame_index: int
    time_s: float
    face: FaceObservation
    """The face without its crops, to save memory."""
    measured: dict[str, Vector]
    """Values by input: geometry, blendshapes, pose; backbones once they have run."""


class Inputs:
    """Turns observations into rows and rows into network input; shared by all persons.

    Args:
        artifact: Artifact whose inputs are needed.
        device: Where its backbones run; in float32, so that results agree between
            processors.
        backbones: Replacements of the artifact's backbones, by the name of the input.
        one_by_one: Process faces one at a time, as in live streams, instead of in batches.

    Raises:
        BadArtifact: If the artifact needs columns that this version does not measure, or
            the outputs of a backbone differ from the manifest.
    """

    def __init__(
        self,
        artifact: Artifact,
        device: Device,
        *,
        backbones: Mapping[str, EmbedCrops] | None = None,
        one_by_one: bool = False,
    ) -> None:
        self.manifest = artifact.manifest
        plain = replace(device, precision="f32")
        batch = 1 if one_by_one else NETWORK_BATCH
        self._started: list[Started] = []
        for wanted in self.manifest.inputs:
            if isinstance(wanted, BackboneInput):
                embed = (
                    backbones[wanted.name]
                    if backbones
                    else _compiled(artifact, wanted, plain, batch)
                )
                where = f"{self.manifest.name}/{wanted.network.file}"
                check_backbone(where, wanted, embed)
                self._started.append(_start(wanted, embed))
            elif wanted.columns != COLUMNS[wanted.kind]:
                raise BadArtifact(
                    f"{self.manifest.name}: {wanted.kind} must have the "
                    f"{len(COLUMNS[wanted.kind])} columns of this version, got "
                    f"{_first_difference(wanted)}; export the artifact again"
                )
        self.backbones = tuple(backbone for backbone, _ in self._started)
        measures = geometry_set()
        self._geometry = ((measures, measures.start()),)

    @property
    def preprocesses(self) -> tuple[Preprocess, ...]:
        """Return the crops that the face chain must provide."""
        return crops_of(self.backbones)

    def measure(self, frame_index: int, time_s: float, face: FaceObservation) -> FaceRow:
        """Return the measurements of the face chain, without backbones."""
        (row,) = rows_of_faces(self._geometry, [face])
        kinds = ("geometry", "pose", "blendshapes")
        measured = {kind: part[0] for kind, part in zip(kinds, split_row(row), strict=True)}
        return FaceRow(
            frame_index=frame_index,
            time_s=time_s,
            face=replace(face, crops=()),
            measured=measured,
        )

    def embed(self, faces: Sequence[FaceObservation]) -> list[dict[str, Vector]]:
        """Return the features of every backbone for a batch of faces.

        Args:
            faces: At least one face, each with the crops of `preprocesses`.
        """
        rows = rows_of_faces(self._started, faces)
        names = [backbone.name for backbone in self.backbones]
        return [dict(zip(names, parts, strict=True)) for parts in zip(*rows, strict=True)]

    def vector(self, row: FaceRow, neutral: Neutral | None) -> Vector:
        """Return one row of features, shape (D,).

        Features of a backbone that was not run on the face are NaN: no network reads that
        row.
        """
        values = dict(row.measured)
        if neutral is not None:
            values |= changes(row, neutral)
        for backbone in self.backbones:
            values.setdefault(
                backbone.name, np.full(len(backbone.columns), np.nan, np.float32)
            )
        return np.concatenate([values[item.key] for item in self.manifest.inputs])


def changes(row: FaceRow, neutral: Neutral) -> dict[str, Vector]:
    """Return the measurements relative to the person's neutral."""
    return {
        "geometry_change": neutral.geometry_change(row.measured["geometry"]),
        "blendshapes_change": neutral.blendshapes_change(row.measured["blendshapes"]),
        "neutral_confidence": np.array([neutral.confidence], np.float32),
    }


def _compiled(
    artifact: Artifact, wanted: BackboneInput, device: Device, batch: int
) -> EmbedCrops:
    onnx = artifact.networks[wanted.network.file]
    batch = 1 if wanted.one_by_one else batch
    try:
        return Embedder(onnx, wanted.preprocess, device, batch=batch).embed
    except BadArtifact as error:
        raise BadArtifact(
            f"{artifact.manifest.name}/{wanted.network.file}: must take crops of "
            f"{wanted.preprocess.size_px} px, {wanted.preprocess.channels}; got: {error}"
        ) from error


def _start(wanted: BackboneInput, embed: EmbedCrops) -> Started:
    def of_faces(faces: Sequence[FaceObservation]) -> NDArray[np.float32]:
        return embed([face.crops[0] for face in faces])

    made = FeatureSet(
        name=wanted.name,
        columns=tuple(f"{index:04d}" for index in range(wanted.feature_dim)),
        start=lambda: of_faces,
        weights_sha256=wanted.weights_sha256,
        preprocess=wanted.preprocess,
    )
    return made, of_faces


def _first_difference(wanted: MeasuredInput) -> str:
    known = COLUMNS[wanted.kind]
    for position, name in enumerate(wanted.columns):
        if position >= len(known) or known[position] != name:
            return f"{name!r} at position {position}"
    return f"{len(wanted.columns)} columns"
