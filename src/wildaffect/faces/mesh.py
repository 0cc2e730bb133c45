"""478 landmarks and face presence in a region of a frame.

Source: MediaPipe Face Mesh V2 (Face Landmarker); Y. Kartynnik et al., "Real-time facial
surface geometry from monocular video on mobile GPUs", arXiv 1907.06724. Different here: no
smoothing over time, and the next frame's region is aligned with the eyes, not with the
image.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import NUM_LANDMARKS
from wildaffect.faces.models import MESH
from wildaffect.faces.regions import Region, cut_region, region_around
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.prepare import Scaling

INPUT_PX = 256
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263
"""Outer corners, the subject's own right and left."""
REGION_MARGIN = 1.5


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Landmarks of one face in one frame."""

    landmarks_xyz: NDArray[np.float32]
    """Pixels of the frame; depth in the same unit, negative toward the camera; shape (478,
    3)."""
    presence: float
    """Probability in [0, 1] that a face is there."""

    def box_xyxy(self) -> NDArray[np.float32]:
        """Return the landmarks' bounding box, in pixels of the frame."""
        return self._box_xyxy

    @cached_property
    def _box_xyxy(self) -> NDArray[np.float32]:
        points = self.landmarks_xyz[:, :2]
        return np.concatenate([points.min(0), points.max(0)])

    def region(self) -> Region:
        """Return the region for this face in the next frame."""
        return region_around(
            self.landmarks_xyz[:, :2], RIGHT_EYE_CORNER, LEFT_EYE_CORNER, REGION_MARGIN
        )


class FaceMesh:
    """The landmark network; stateless."""

    def __init__(self, device: Device) -> None:
        self._network = Network(
            MESH.verified_path(),
            device=device,
            shapes={0: (1, INPUT_PX, INPUT_PX, 3)},
            scaling=Scaling(mean=0.0, std=255.0),
        )

    def __call__(self, rgb: NDArray[np.uint8], region: Region) -> Mesh:
        """Return the landmarks in a region of the frame."""
        landmarks, logit, _ = self._network(cut_region(rgb, region, INPUT_PX)[None])
        points = landmarks.reshape(NUM_LANDMARKS, 3)
        matrix = region.to_pixels(INPUT_PX)
        back = np.linalg.inv(matrix[:, :2])
        xy = (points[:, :2] - matrix[:, 2]) @ back.T
        depth = points[:, 2:] * (region.side / INPUT_PX)
        presence = 1 / (1 + np.exp(-np.clip(float(logit.ravel()[0]), -80, 80)))
        return Mesh(
            landmarks_xyz=np.concatenate([xy, depth], 1).astype(np.float32),
            presence=float(presence),
        )
