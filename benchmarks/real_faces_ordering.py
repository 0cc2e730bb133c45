"""Areas under the ROC curve that add up over people.

Symbols: N photographs, P people, R resamples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Probability that a number is higher in one group of faces than in another (AUC)."""

    wins: Floats
    """Pairs that are in order, ties counting half, by people of both, (P, P)."""
    num_high: Floats
    num_low: Floats

    @classmethod
    def of(
        cls, values: Floats, high: Floats, low: Floats, person: NDArray[np.int64], num: int
    ) -> "Ordering":
        """Return it for values (N,) of the faces where `high` and where `low` (N,)."""
        known = ~np.isnan(values)
        up, down = np.flatnonzero(high & known), np.flatnonzero(low & known)
        wins = np.zeros((num, num))
        order = np.sign(values[up, None] - values[down]) / 2 + 0.5
        np.add.at(wins, (person[up, None], person[down]), order)
        return cls(
            wins=wins,
            num_high=np.bincount(person[up], minlength=num).astype(float),
            num_low=np.bincount(person[down], minlength=num).astype(float),
        )

    def auc(self, weights: Floats) -> Floats:
        """Return the share of pairs in order for weights (R, P), shape (R,)."""
        pairs = (weights @ self.num_high) * (weights @ self.num_low)
        wins = np.einsum("rp,rp->r", weights @ self.wins, weights)
        return ratio(wins, pairs)


def ratio(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Return a quotient of counts; NaN where the lower one is 0."""
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    return np.where(bottom > 0, top / np.maximum(bottom, 1), np.nan)


def mean(values: Floats) -> Floats:
    """Return the mean over what is defined of the last axis; NaN if nothing is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(-1), defined.sum(-1))
