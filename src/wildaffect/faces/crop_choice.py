"""Selection of the observations of a face that are cropped for backbones."""

import numpy as np

from wildaffect.core.rate import kept_rows


class CropChoice:
    """Selects the observations of each track whose rows `StreamingAtRate` passes on.

    If the face is lost in such a row, its next observation is selected.

    Args:
        rate_hz: Rows of a track per second that networks read; None for all.
    """

    def __init__(self, rate_hz: float | None) -> None:
        self._rate_hz = rate_hz
        self._last_s: dict[int, float] = {}
        """Time of the last row of each live track that was passed on."""
        self._missed_s: dict[int, list[float]] = {}
        """Times of the frames since a live track was last seen."""

    def __call__(self, time_s: float, seen: set[int], live: set[int]) -> set[int]:
        """Add the next frame and return the tracks in it to crop.

        Args:
            time_s: Time of the frame.
            seen: Keys of the tracks in view.
            live: Keys of these and of tracks that may be found again.
        """
        if self._rate_hz is None:
            return seen
        self._last_s = {key: at for key, at in self._last_s.items() if key in live}
        self._missed_s = {key: self._missed_s.get(key, []) for key in live}
        for missed_s in self._missed_s.values():
            missed_s.append(time_s)
        return {key for key in sorted(seen) if self._wants(key, self._rate_hz)}

    def _wants(self, key: int, rate_hz: float) -> bool:
        times_s = np.array(self._missed_s[key])
        self._missed_s[key] = []
        kept = kept_rows(times_s, rate_hz, last_s=self._last_s.get(key, -np.inf))
        if not len(kept):
            return False
        self._last_s[key] = float(times_s[kept[-1]])
        return True
