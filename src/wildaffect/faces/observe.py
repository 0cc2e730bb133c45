"""Measurements of a tracked face."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, Status
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.blendshapes import Blendshapes
from wildaffect.faces.crop import align_face, crop_face, five_points
from wildaffect.faces.occlusion import Occlusion
from wildaffect.faces.pose import head_pose
from wildaffect.faces.quality import QUALITY_CROP, QualityLimits, sharpness
from wildaffect.faces.tracker import LiveTrack
from wildaffect.runtime.network import Device

NO_TRACK = -1
"""Track number of an observation whose track is not confirmed; never in a row."""


class FaceObserver:
    """Measures faces one by one; stateless."""

    def __init__(
        self, device: Device, preprocesses: tuple[Preprocess, ...], limits: QualityLimits
    ) -> None:
        self._blendshapes = Blendshapes(device)
        self._occlusion = Occlusion(device)
        self._preprocesses = preprocesses
        self._limits = limits

    def __call__(
        self, rgb: NDArray[np.uint8], track: LiveTrack, *, with_crops: bool
    ) -> FaceObservation:
        """Return the observation of a face found in this frame."""
        landmarks = track.mesh.landmarks_xyz
        box = track.mesh.box_xyxy()
        points = five_points(landmarks)
        pose = head_pose(landmarks)
        size_px = _side(box)
        gray = align_face(rgb, points, QUALITY_CROP)
        crisp = sharpness(gray)
        good = self._limits.accepts(
            size_px=size_px,
            sharpness=crisp,
            pose=pose,
            presence=track.mesh.presence,
            occlusion=self._occlusion(gray),
        )
        return FaceObservation(
            track_id=NO_TRACK,
            status=Status.OK if good else Status.LOW_QUALITY,
            detection_score=track.detection_score,
            presence=track.mesh.presence,
            box_xyxy=box,
            landmarks_xyz=landmarks,
            blendshapes=self._blendshapes(landmarks),
            pose=pose,
            face_size_px=size_px,
            sharpness=crisp,
            crops=tuple(
                crop_face(rgb, landmarks, wanted)
                for wanted in (self._preprocesses if with_crops else ())
            ),
        )


def between(
    before: FaceObservation, after: FaceObservation, share: float
) -> FaceObservation:
    """Return a face interpolated between two observations; `share` of time in (0, 1)."""
    landmarks = _mix(before.landmarks_xyz, after.landmarks_xyz, share)
    box = np.concatenate([landmarks[:, :2].min(0), landmarks[:, :2].max(0)])
    return FaceObservation(
        track_id=NO_TRACK,
        status=Status.INTERPOLATED,
        detection_score=before.detection_score,
        presence=min(before.presence, after.presence),
        box_xyxy=box,
        landmarks_xyz=landmarks,
        blendshapes=_mix(before.blendshapes, after.blendshapes, share),
        pose=head_pose(landmarks),
        face_size_px=_side(box),
        sharpness=min(before.sharpness, after.sharpness),
    )


def with_track_id(face: FaceObservation, track_id: int) -> FaceObservation:
    """Return the observation with its public track number."""
    return replace(face, track_id=track_id)


def _mix(
    before: NDArray[np.float32], after: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    return ((1 - share) * before + share * after).astype(np.float32)


def _side(box: NDArray[np.float32]) -> float:
    return float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 0.0)))
