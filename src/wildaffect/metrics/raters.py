"""Agreement of two or more raters on the same rows: ICC(A,1), kappa, limits of agreement.

Symbols: N rows, K raters.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementLimits:
    """Differences, first less second, after Bland and Altman."""

    bias: float
    """Mean difference."""
    sd: float
    """Standard deviation of the differences, N - 1 in the denominator."""
    lower: float
    """Bias less 1.96 standard deviations."""
    upper: float


def intraclass_correlation(ratings: ArrayLike) -> float:
    """Return ICC(A,1): two-way, absolute agreement, single rater.

    NaN below 2 rows, or where all ratings are equal.

    Args:
        ratings: Shape (N, K).

    Source:
        McGraw and Wong 1996, Psychological Methods 1:30, case 2A; the same number as
        ICC(2,1) of Shrout and Fleiss 1979.
    """
    values = np.asarray(ratings, np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(
            f"metrics: ratings must have shape (N, K), K > 1, got {values.shape}"
        )
    n, k = values.shape
    if n < 2:
        return float("nan")
    values = values - values.mean()
    by_row, by_rater = values.mean(1), values.mean(0)
    rows = k * np.sum(by_row**2) / (n - 1)
    raters = n * np.sum(by_rater**2) / (k - 1)
    rest = values - by_row[:, None] - by_rater
    error = np.sum(rest**2) / ((n - 1) * (k - 1))
    spread = rows + (k - 1) * error + k * (raters - error) / n
    return float((rows - error) / spread) if spread > 0 else float("nan")


def cohens_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Return Cohen's kappa of two series of labels, shape (N,).

    NaN without rows, or where chance alone would agree on every row.

    Source:
        Cohen 1960, Educational and Psychological Measurement 20:37.
    """
    left, right = np.asarray(first), np.asarray(second)
    if not len(left):
        return float("nan")
    labels = np.union1d(left, right)
    observed = float(np.mean(left == right))
    chance = sum(float(np.mean(left == c) * np.mean(right == c)) for c in labels)
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")


def agreement_limits(first: ArrayLike, second: ArrayLike) -> AgreementLimits:
    """Return bias and 95 % limits of agreement of two series, shape (N,).

    NaN below 2 rows.

    Source:
        Bland and Altman 1986, Lancet 327:307, with 1.96 where they round to 2.
    """
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    if len(differences) < 2:
        nan = float("nan")
        return AgreementLimits(bias=nan, sd=nan, lower=nan, upper=nan)
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    return AgreementLimits(bias=bias, sd=sd, lower=bias - 1.96 * sd, upper=bias + 1.96 * sd)
