"""Label statistics of a training set, for weights and priors.

Symbols: C classes, K action units.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rarity = Literal["equal", "inverse_sqrt", "inverse"]
"""Weight of a label: constant, or inverse to the (square root of the) frequency."""
_POWERS: dict[Rarity, float] = {"equal": 0.0, "inverse_sqrt": 0.5, "inverse": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStatistics:
    """Counts over the annotated rows of a training set."""

    class_counts: NDArray[np.int64] | NDArray[np.float64]
    """Rows of each class, shape (C,); a soft label counts by its shares."""
    unit_positive: NDArray[np.int64]
    """Rows in which each unit occurs, shape (K,)."""
    unit_total: NDArray[np.int64]
    """Rows in which each unit is annotated, shape (K,)."""

    def __post_init__(self) -> None:
        if self.unit_positive.shape != self.unit_total.shape:
            raise ValueError(
                "label statistics: unit_positive and unit_total must have one shape, got "
                f"{self.unit_positive.shape} and {self.unit_total.shape}"
            )
        if (self.class_counts < 0).any() or (self.unit_positive < 0).any():
            raise ValueError("label statistics: counts must be at least 0")
        if (self.unit_positive > self.unit_total).any():
            raise ValueError("label statistics: unit_positive must be at most unit_total")


def class_priors(statistics: LabelStatistics) -> NDArray[np.float64]:
    """Return the share of each class with add-one smoothing, shape (C,)."""
    counts = statistics.class_counts + 1.0
    return counts / counts.sum()


def class_weights(statistics: LabelStatistics, rarity: Rarity) -> NDArray[np.float64]:
    """Return a weight per class whose mean over the training rows is 1, shape (C,).

    A batch mean then needs no division by the weights, and all batches count equally.
    """
    priors = class_priors(statistics)
    weights = priors ** -_POWERS[rarity]
    return weights / (weights * priors).sum()


def positive_weights(
    statistics: LabelStatistics, rarity: Rarity, largest: float
) -> NDArray[np.float64]:
    """Return the weight of rows in which a unit occurs, relative to other rows, shape (K,).

    The ratio of negative to positive rows with add-one smoothing, to the power of
    `rarity`, clipped to [1 / largest, largest].
    """
    positive = statistics.unit_positive + 1.0
    negative = statistics.unit_total - statistics.unit_positive + 1.0
    weights = (negative / positive) ** _POWERS[rarity]
    return weights.clip(1.0 / largest, largest)
