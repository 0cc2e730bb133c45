"""Scores of frames that come in parts, equal to those of all frames at once."""

import numpy as np

from wildaffect.core.tasks import LabelSpaces
from wildaffect.metrics.frames import ScoredFrames
from wildaffect.metrics.moments import Moments, weigh
from wildaffect.metrics.tally import Tally, join, tally_frames
from wildaffect.metrics.tally_scores import pooled


class StreamingScores:
    """Sums up batches in any order; several may be filled apart and merged.

    Values agree with those of all frames at once to rounding, whatever the order and the
    cuts. The state is a few hundred numbers, whatever the number of frames.
    """

    def __init__(self, spaces: LabelSpaces | None = None) -> None:
        self._tally = tally_frames(ScoredFrames(spaces=spaces or LabelSpaces()))

    @property
    def tally(self) -> Tally:
        """Sums of all that was seen, as one group."""
        return self._tally

    def update(self, frames: ScoredFrames) -> None:
        """Add a batch.

        Raises:
            ValueError: As `tally_frames`, or if the batch has other label spaces.
        """
        self._tally = _fold(join(self._tally, tally_frames(frames)))

    def merge(self, other: "StreamingScores") -> None:
        """Add all that another has seen.

        Raises:
            ValueError: If the other has other label spaces.
        """
        self._tally = _fold(join(self._tally, other.tally))

    def value(self) -> dict[str, float]:
        """Return every score so far, named as in `wildaffect.metrics.scores`."""
        return pooled(self._tally)


def _fold(tally: Tally) -> Tally:
    once = np.ones((1, len(tally)))

    def pool(moments: Moments) -> Moments:
        return weigh(moments, once)

    return Tally(
        valence=pool(tally.valence),
        arousal=pool(tally.arousal),
        confusion=tally.confusion.sum(axis=0, keepdims=True),
        units=tally.units.sum(axis=0, keepdims=True),
        spaces=tally.spaces,
    )
