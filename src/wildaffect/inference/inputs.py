"""Observations of one person to the feature rows that an artefact's networks read."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtefact
from wildaffect.core.faces import FaceObservation, Status
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.blendshapes import NAMES as BLENDSHAPE_NAMES
from wildaffect.faces.crop import normalise
from wildaffect.features.geometry import GEOMETRY_NAMES, geometry
from wildaffect.inference.artefact import Artefact
from wildaffect.inference.checks import check_backbone
from wildaffect.inference.manifest import BackboneInput, MeasuredInput
from wildaffect.inference.neutral import PersonNeutral
from wildaffect.runtime.network import Device, Network

Vector = NDArray[np.float32]
POSE_NAMES = ("yaw_deg", "pitch_deg", "roll_deg")
COLUMNS = {
    "geometry": tuple(GEOMETRY_NAMES),
    "geometry_change": tuple(GEOMETRY_NAMES),
    "blendshapes": tuple(BLENDSHAPE_NAMES),
    "blendshapes_change": tuple(BLENDSHAPE_NAMES),
    "pose": POSE_NAMES,
}
"""What each measured input consists of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceRow:
    """One face of one person with everything that was measured on it."""

    frame_index: int
    time_s: float
    face: FaceObservation
    measured: dict[str, Vector]
    """By the name of the input: geometry, blendshapes, pose, backbones."""


class Inputs:
    """Turns observations into rows and rows into network input; shared by all persons.

    Raises:
        BadArtefact: If the artefact wants columns that this version does not measure, or a
            backbone does not give what the manifest promises.
    """

    def __init__(self, artefact: Artefact, device: Device) -> None:
        self.manifest = artefact.manifest
        self._backbones: list[tuple[BackboneInput, Network]] = []
        for wanted in self.manifest.inputs:
            if isinstance(wanted, BackboneInput):
                network = Network(artefact.networks[wanted.network.file], device=device)
                where = f"{self.manifest.name}/{wanted.network.file}"
                check_backbone(where, wanted, network)
                self._backbones.append((wanted, network))
            elif wanted.columns != COLUMNS[wanted.kind]:
                raise BadArtefact(
                    f"{self.manifest.name}: {wanted.kind} must have the "
                    f"{len(COLUMNS[wanted.kind])} columns of this version, got "
                    f"{_first_difference(wanted)}; export the artefact again"
                )

    @property
    def preprocesses(self) -> tuple[Preprocess, ...]:
        """Return the crops that the face chain is to cut."""
        return tuple(wanted.preprocess for wanted, _ in self._backbones)

    def measure(self, frame_index: int, time_s: float, face: FaceObservation) -> FaceRow:
        """Return the row of an observation; without backbones where the face was lost."""
        measured = {
            "geometry": geometry(face.landmarks_xyz[None], np.array([face.pose]))[0],
            "blendshapes": face.blendshapes,
            "pose": np.array(face.pose, np.float32),
        }
        for (wanted, network), crop in zip(self._backbones, face.crops, strict=False):
            (features,) = network(normalise(crop[None], wanted.preprocess))
            measured[wanted.name] = features[0]
        return FaceRow(frame_index=frame_index, time_s=time_s, face=face, measured=measured)

    def vector(self, row: FaceRow, neutral: PersonNeutral | None) -> Vector:
        """Return one row of features, shape (D,)."""
        values = dict(row.measured)
        if neutral is not None:
            values |= changes(row, neutral)
        return np.concatenate([values[_key(wanted)] for wanted in self.manifest.inputs])


def changes(row: FaceRow, neutral: PersonNeutral) -> dict[str, Vector]:
    """Return what was measured, against the person's neutral."""
    return {
        "geometry_change": neutral.geometry_change(row.measured["geometry"]),
        "blendshapes_change": neutral.blendshapes_change(row.measured["blendshapes"]),
    }


class GapFiller:
    """Gives rows of a lost face the backbone features between its neighbours in time."""

    def __init__(self) -> None:
        self._last: FaceRow | None = None
        self._lost: deque[FaceRow] = deque()

    def push(self, row: FaceRow) -> list[FaceRow]:
        """Take the next row; return those that are now whole, in order."""
        if row.face.status is Status.INTERPOLATED:
            self._lost.append(row)
            return []
        filled = [_between(self._last, row, lost) for lost in self._lost if self._last]
        self._lost.clear()
        self._last = row
        return [*filled, row]


def _between(before: FaceRow, after: FaceRow, lost: FaceRow) -> FaceRow:
    share = (lost.time_s - before.time_s) / (after.time_s - before.time_s)
    mixed = {
        name: ((1 - share) * before.measured[name] + share * value).astype(np.float32)
        for name, value in after.measured.items()
    }
    return FaceRow(
        frame_index=lost.frame_index,
        time_s=lost.time_s,
        face=lost.face,
        measured=mixed | lost.measured,
    )


def _key(wanted: MeasuredInput | BackboneInput) -> str:
    return wanted.name if isinstance(wanted, BackboneInput) else wanted.kind


def _first_difference(wanted: MeasuredInput) -> str:
    known = COLUMNS[wanted.kind]
    for position, name in enumerate(wanted.columns):
        if position >= len(known) or known[position] != name:
            return f"{name!r} at position {position}"
    return f"{len(wanted.columns)} columns"
