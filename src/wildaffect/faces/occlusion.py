"""Occlusion of the eyes or the mouth by something in front of the face."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.models import OCCLUSION
from wildaffect.faces.quality import QUALITY_CROP
from wildaffect.runtime.network import Device, Network


class Occlusion:
    """The occlusion network; stateless."""

    def __init__(self, device: Device) -> None:
        self._network = Network(
            OCCLUSION.verified_path().read_bytes(),
            device=device,
            shapes={0: (1, 1, QUALITY_CROP.size_px, QUALITY_CROP.size_px)},
            scaling=QUALITY_CROP,
        )

    def __call__(self, gray_crop: NDArray[np.uint8]) -> float:
        """Return the larger of the covered shares of eyes and mouth, in [0, 1].

        Args:
            gray_crop: Crop as described by `QUALITY_CROP`, shape (64, 64, 1).
        """
        (covered,) = self._network(gray_crop[None])
        return float(covered.max())
