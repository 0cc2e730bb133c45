"""Paired differences between two systems on the photographs that both score."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from real_faces_scores import PersonStatistics, Prediction
from real_faces_sets import ImageSet

from wildaffect.metrics.bootstrap import Interval, bootstrap_interval

PAIRED_DIFFERENCE = "first model ahead by"
SCORE = "balanced accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """Differences of `SCORE`."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedStatistics:
    """Two systems on the same photographs of the same people."""

    first: PersonStatistics
    second: PersonStatistics

    @classmethod
    def of(
        cls, images: ImageSet, first: Sequence[Prediction], second: Sequence[Prediction]
    ) -> "PairedStatistics | None":
        """Return them; None for one system, or where both score no photograph."""
        both = [
            index
            for index, pair in enumerate(zip(first, second, strict=True))
            if all(prediction.expression is not None for prediction in pair)
        ]
        if first is second or not both:
            return None
        shared = ImageSet(
            name=images.name, images=tuple(images.images[index] for index in both)
        )
        return cls(
            first=PersonStatistics.of(shared, [first[index] for index in both]),
            second=PersonStatistics.of(shared, [second[index] for index in both]),
        )

    def __len__(self) -> int:
        return len(self.first)

    def pooled(self, weights: ArrayLike | None = None) -> PairedDifference:
        """Return how far the first is ahead, shape () or (R,) for weights (R, P)."""
        ahead = self.first.pooled(weights)[SCORE] - self.second.pooled(weights)[SCORE]
        return PairedDifference(values=ahead)


def difference_interval(paired: PairedStatistics, *, num_resamples: int) -> Interval:
    """Return the difference with its 95 % interval, on the same draws of people."""
    return bootstrap_interval(paired, attrgetter("values"), num_resamples=num_resamples)
