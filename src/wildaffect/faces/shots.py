"""Detection of cuts and of movement between frames."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

THUMB_PX = (32, 18)
MIN_CHANGE = 0.10
"""Minimum mean absolute change of the thumbnail at a cut, as a share of the full range."""
OVER_RECENT = 3.0
"""Minimum ratio of the change at a cut to the recent change between frames."""
MAX_HISTOGRAM_MATCH = 0.75
"""Maximum overlap of two frames' color histograms at a cut."""
QUIET_CHANGE = 0.03
"""A face whose surroundings change less than this continues through a cut."""
SURROUNDINGS = 0.3
"""Width of the surroundings on each side of a face's box, in sides of the box."""
MEMORY = 0.8
"""Decay per frame of the running mean of changes."""


class Change(NamedTuple):
    """Change of a frame from the previous one."""

    is_cut: bool
    """True also for the first frame."""
    cells: NDArray[np.float32]
    """Change of each cell of the thumbnail, of the full range, shape (18, 32)."""

    @property
    def largest(self) -> float:
        """Largest change of any one cell."""
        return float(self.cells.max())

    def is_quiet_at(self, box_xyxy: NDArray[np.float32], shape: tuple[int, ...]) -> bool:
        """Return whether a face, in pixels of a frame (H, W, ...), did not change.

        In a split picture, a cut of one part does not affect the others.
        """
        side = float(max(box_xyxy[2:] - box_xyxy[:2])) * SURROUNDINGS
        per_px = np.array([THUMB_PX[0] / shape[1], THUMB_PX[1] / shape[0]])
        low = np.floor((box_xyxy[:2] - side) * per_px).astype(int).clip(0)
        high = np.ceil((box_xyxy[2:] + side) * per_px).astype(int).clip(low + 1)
        around = self.cells[low[1] : high[1], low[0] : high[0]]
        return bool(around.size and around.mean() < QUIET_CHANGE)


class ChangeDetector:
    """Distinguishes cuts from movement; keeps one thumbnail and the recent change.

    A cut changes the picture by a large amount, by more than recent frames did, and also
    its colors; a fast pan or a hand in front of the camera does not do all three.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._recent = 0.0

    def __call__(self, rgb: NDArray[np.uint8]) -> Change:
        """Compare the next frame, of any size, with the previous frame."""
        thumb = cv2.resize(rgb, THUMB_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, thumb
        if last is None:
            return Change(is_cut=True, cells=np.ones(THUMB_PX[::-1], np.float32))
        cells = np.abs(thumb - last).mean(2) / 255
        change = float(cells.mean())
        is_cut = (
            change > MIN_CHANGE
            and change > OVER_RECENT * self._recent
            and _histogram_match(thumb, last) < MAX_HISTOGRAM_MATCH
        )
        self._recent = 0.0 if is_cut else max(change, MEMORY * self._recent)
        return Change(is_cut, cells)


def _histogram_match(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    counts = [
        np.histogramdd(x.reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0] for x in (a, b)
    ]
    return float(np.minimum(*counts).sum() / counts[0].sum())
