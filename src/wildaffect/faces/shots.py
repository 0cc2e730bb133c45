"""Where one shot ends and the next begins."""

import cv2
import numpy as np
from numpy.typing import NDArray

THUMB_PX = (32, 18)
MIN_CHANGE = 0.10
"""Mean absolute change of the thumbnail, of the full range, that a cut must reach."""
OVER_RECENT = 3.0
"""How many times larger than the recent change between frames a cut must be."""
MAX_HISTOGRAM_MATCH = 0.75
"""Shared part of two frames' colour histograms that a cut must stay under."""
MEMORY = 0.8
"""Share of the recent change that is kept from frame to frame."""


class ShotDetector:
    """Tells cuts from movement; remembers one thumbnail and the recent amount of change.

    A cut changes the picture by much, by more than its own frames lately did, and changes
    its colours too; a fast pan or a hand before the camera does not do all three.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._recent = 0.0

    def starts_shot(self, rgb: NDArray[np.uint8]) -> bool:
        """Return whether this frame begins a shot; the first one does."""
        thumb = cv2.resize(rgb, THUMB_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, thumb
        if last is None:
            return True
        change = float(np.abs(thumb - last).mean()) / 255
        is_cut = (
            change > MIN_CHANGE
            and change > OVER_RECENT * self._recent
            and _histogram_match(thumb, last) < MAX_HISTOGRAM_MATCH
        )
        self._recent = 0.0 if is_cut else max(change, MEMORY * self._recent)
        return is_cut


def _histogram_match(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    counts = [
        np.histogramdd(x.reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0] for x in (a, b)
    ]
    return float(np.minimum(*counts).sum() / counts[0].sum())
