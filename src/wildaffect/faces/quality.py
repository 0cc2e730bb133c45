"""Quality limits for predictions on a face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import HeadPose
from wildaffect.core.preprocess import Preprocess

QUALITY_CROP = Preprocess(
    size_px=64, channels="gray", mean=(0.0,), std=(1.0,), interpolation="area"
)
"""The aligned crop for sharpness and occlusion, independent of the size of the face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """A face outside any of these limits is `low_quality`, and nothing is predicted for it.

    The defaults are where the vendored mesh fails, measured on real clips with increasing
    downscaling, blur and rotation; they are not tuned on any data set. `max_occlusion` was
    tuned so that few photographs of uncovered faces are withheld.
    """

    min_size_px: float = 32.0
    """Square root of the landmarks' box area."""
    min_sharpness: float = 2.0
    max_yaw_deg: float = 60.0
    max_pitch_deg: float = 45.0
    min_presence: float = 0.6
    max_occlusion: float = 0.7
    """Covered share of the eyes or of the mouth, see `faces.occlusion`."""

    def accepts(
        self,
        *,
        size_px: float,
        sharpness: float,
        pose: HeadPose,
        presence: float,
        occlusion: float,
    ) -> bool:
        """Return whether a face is within all limits."""
        return (
            size_px >= self.min_size_px
            and sharpness >= self.min_sharpness
            and abs(pose.yaw_deg) <= self.max_yaw_deg
            and abs(pose.pitch_deg) <= self.max_pitch_deg
            and presence >= self.min_presence
            and occlusion <= self.max_occlusion
        )


def sharpness(gray_crop: NDArray[np.uint8]) -> float:
    """Return the standard deviation of the Laplacian, in gray levels.

    Args:
        gray_crop: Crop as described by `QUALITY_CROP`, shape (64, 64, 1).
    """
    return float(cv2.Laplacian(gray_crop[..., 0], cv2.CV_32F).std())
