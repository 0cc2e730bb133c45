"""Further searches for faces that the detector misses in the full frame.

Each search only proposes a location, which the mesh network must confirm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.detector import REGION_MARGIN, FaceDetector
from wildaffect.faces.regions import Region
from wildaffect.faces.views import margin_view

PICTURE_REGIONS = (1.3, 1.0)
"""Sides of the squares to search with the mesh for a face that fills the picture, in longer
sides of the picture."""
FILLS_PICTURE = 0.5
"""Longer side of a box, in longer sides of the picture, from which a face fills it."""
SMALL = 0.1
"""Longer side of a box, in longer sides of the frame, below which the detector's resolution
in the full frame is too low for an exact position."""


class Candidate(Protocol):
    """A possible location of a face."""

    @property
    def score(self) -> float | None:
        """Detector confidence in [0, 1]; None if not found by the detector."""

    def region(self) -> Region:
        """Return the region for the mesh network."""


@dataclass(frozen=True, slots=True)
class WholePicture:
    """The guess that a picture shows a single upright face and little else."""

    height: int
    width: int
    share: float
    """Side of the mesh's square, in longer sides of the picture."""

    @property
    def score(self) -> None:
        """None: not found by the detector."""

    def region(self) -> Region:
        """Return a square around the middle of the picture."""
        return Region(
            center_x=self.width / 2,
            center_y=self.height / 2,
            side=max(self.height, self.width) * self.share,
            angle_rad=0.0,
        )


class FaceSearch:
    """Searches again where the first search found nothing; stateless."""

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector

    def wider(self, rgb: NDArray[np.uint8]) -> Iterator[Sequence[Candidate]]:
        """Yield the proposals of each search of a frame (H, W, 3), most reliable first."""
        yield self._detector.look(rgb, margin_view(rgb.shape))
        yield from _whole_picture(rgb.shape)

    def finer(self, rgb: NDArray[np.uint8], candidate: Candidate) -> Sequence[Candidate]:
        """Return closer detections of a small face; none if it is not small."""
        region = candidate.region()
        middle = np.array([region.center_x, region.center_y], np.float32)
        half = np.float32(region.side / 2)
        box = np.concatenate([middle - half, middle + half])
        if region.side > REGION_MARGIN * SMALL * max(rgb.shape[:2]):
            return ()
        return self._detector.look_closer(rgb, box)

    def closer(
        self, rgb: NDArray[np.uint8], box_xyxy: NDArray[np.float32]
    ) -> Iterator[Sequence[Candidate]]:
        """Yield the same for the expected location of a face, a box (4,)."""
        yield self._detector.look_closer(rgb, box_xyxy)
        if max(box_xyxy[2:] - box_xyxy[:2]) >= FILLS_PICTURE * max(rgb.shape[:2]):
            yield from _whole_picture(rgb.shape)


def _whole_picture(shape: tuple[int, ...]) -> Iterator[Sequence[Candidate]]:
    for share in PICTURE_REGIONS:
        yield (WholePicture(shape[0], shape[1], share),)
