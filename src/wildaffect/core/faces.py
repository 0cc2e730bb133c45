"""One person's face in one frame, as the face chain measured it.

Left and right are the subject's own, as in FACS and in the mesh.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NUM_LANDMARKS = 478
"""Points of the MediaPipe face mesh with irises."""
NUM_BLENDSHAPES = 52


class Status(StrEnum):
    """Basis of a row of the result table."""

    OK = "ok"
    NO_FACE = "no_face"
    LOW_QUALITY = "low_quality"
    """A face too small, blurred, turned or hidden; predictions are withheld."""
    INTERPOLATED = "interpolated"
    """The face was lost for a moment; its geometry is interpolated in time."""


class HeadPose(NamedTuple):
    """Degrees; zero when the face looks straight along the line of sight to the camera.

    Yaw is positive when the subject turns to their own left (image right), pitch when the
    face looks up, roll when the head tilts to the subject's own left shoulder (clockwise as
    seen in the image). The rotation is R = Rz(roll) Ry(yaw) Rx(pitch).
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FaceObservation:
    """One face of one frame, with all inputs of later stages."""

    track_id: int
    """Number of the track, one person within one shot; unique in a video."""
    status: Status
    """`ok`, `low_quality` or `interpolated`."""
    detection_score: float | None
    """Detector confidence in [0, 1] at the last detection of this track; None where only
    the mesh found the face."""
    presence: float
    """Probability in [0, 1] that the mesh sits on a face."""
    box_xyxy: NDArray[np.float32]
    """Left, top, right, bottom of the landmarks, in pixels of the frame, shape (4,)."""
    landmarks_xyz: NDArray[np.float32]
    """Mesh in pixels of the full frame, depth in the same unit, shape (478, 3)."""
    blendshapes: NDArray[np.float32]
    """Scores in [0, 1], shape (52,), order of `wildaffect.faces.blendshapes.NAMES`."""
    pose: HeadPose
    face_size_px: float
    """Square root of the box's area."""
    sharpness: float
    """Spread of the Laplacian of the aligned crop in gray levels, see `faces.quality`."""
    crops: tuple[NDArray[np.uint8], ...] = ()
    """Aligned crops for an artifact's backbones, in its order; none if interpolated."""

    def __repr__(self) -> str:
        box = ", ".join(f"{edge:.0f}" for edge in self.box_xyxy)
        return (
            f"FaceObservation(track {self.track_id}, {self.status}, box ({box}), "
            f"yaw {self.pose.yaw_deg:+.0f} pitch {self.pose.pitch_deg:+.0f} "
            f"roll {self.pose.roll_deg:+.0f} deg)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaces:
    """All faces of one frame."""

    frame_index: int
    time_s: float
    faces: tuple[FaceObservation, ...]
    """Faces by ascending `track_id`; empty if there is none."""
    live_ids: frozenset[int]
    """Tracks that may still have a row in a later frame; all others, and all at the end of
    the stream, are complete."""
