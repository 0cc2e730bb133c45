"""How a picture changes from frame to frame: where a shot begins, where something moves."""

from typing import NamedTuple

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


class Change(NamedTuple):
    """What a frame changed against the one before it."""

    is_cut: bool
    """True also for the first frame."""
    largest: float
    """Largest change of any one cell of the thumbnail, of the full range."""


class ChangeDetector:
    """Tells cuts from movement; remembers one thumbnail and the recent amount of change.

    A cut changes the picture by much, by more than its own frames lately did, and changes
    its colours too; a fast pan or a hand before the camera does not do all three.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._recent = 0.0

    def __call__(self, rgb: NDArray[np.uint8]) -> Change:
        """Compare the next frame, of any size, with the one before it."""
        thumb = cv2.resize(rgb, THUMB_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
        last, self._last = self._last, thumb
        if last is None:
            return Change(is_cut=True, largest=1.0)
        cells = np.abs(thumb - last).mean(2) / 255
        change = float(cells.mean())
        is_cut = (
            change > MIN_CHANGE
            and change > OVER_RECENT * self._recent
            and _histogram_match(thumb, last) < MAX_HISTOGRAM_MATCH
        )
        self._recent = 0.0 if is_cut else max(change, MEMORY * self._recent)
        return Change(is_cut, float(cells.max()))


def _histogram_match(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    counts = [
        np.histogramdd(x.reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0] for x in (a, b)
    ]
    return float(np.minimum(*counts).sum() / counts[0].sum())
