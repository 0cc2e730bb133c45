"""Concordance and correlation of two series, and their sufficient statistics.

Population moments throughout: CCC = 2 cov / (var + var + (difference of means)^2).
Source: Lin 1989, Biometrics 45:255; merging of moments: Chan, Golub, LeVeque 1983.
Symbols: N rows, G groups of rows (videos), R weightings of the groups.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.metrics.rows import (
    check_finite,
    check_groups,
    check_weights,
    ratio,
    selected,
    weighted_counts,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSums:
    """Sufficient statistics of two series, for one or many groups of rows.

    All fields share one shape: () for one group, (G,) for G groups. A group without rows
    has zeros. Moments are about the group's own means, for precision.
    """

    count: NDArray[np.int64]
    """Number of valid rows."""
    mean_target: Floats
    mean_pred: Floats
    moment_target: Floats
    """Sum of squared differences of the target from its mean."""
    moment_pred: Floats
    co_moment: Floats
    """Sum of products of the two differences."""
    squared_error: Floats
    """Sum of squared differences between target and prediction."""

    @classmethod
    def of(
        cls, target: ArrayLike, pred: ArrayLike, *, valid: ArrayLike | None = None
    ) -> Self:
        """Return the sums of one series, shape (); arrays have shape (N,).

        Raises:
            ValueError: If shapes differ or a valid value is not finite.
        """
        rows = np.shape(target)[:1]
        return cls.by_group(target, pred, np.zeros(rows, int), num_groups=1, valid=valid)[0]

    @classmethod
    def by_group(
        cls,
        target: ArrayLike,
        pred: ArrayLike,
        groups: ArrayLike,
        *,
        num_groups: int,
        valid: ArrayLike | None = None,
    ) -> Self:
        """Return the sums of each group of rows, shape (G,).

        Args:
            target: Shape (N,).
            pred: Shape (N,).
            groups: Group of each row, from 0 to `num_groups` - 1, shape (N,).
            num_groups: G; groups without rows get zeros.
            valid: True where a row counts, shape (N,); None counts all.

        Raises:
            ValueError: If shapes differ, a valid value is not finite, or a group is out
                of range.
        """
        target, pred, valid = selected(target, pred, valid)
        if target.ndim != 1:
            raise ValueError(f"metrics: target must have shape (N,), got {target.shape}")
        groups = check_groups(groups, len(target), num_groups)[valid]
        target = target[valid].astype(np.float64)
        pred = pred[valid].astype(np.float64)
        check_finite("target", target)
        check_finite("pred", pred)
        nothing = np.zeros(len(target))
        rows = cls(
            count=np.ones(len(target), np.int64),
            mean_target=target,
            mean_pred=pred,
            moment_target=nothing,
            moment_pred=nothing,
            co_moment=nothing,
            squared_error=(target - pred) ** 2,
        )
        return rows.regrouped(groups, num_groups)

    def __getitem__(self, index: int) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def merge(self, other: Self) -> Self:
        """Return the sums of the rows of both, per group; shapes are equal."""
        count = self.count + other.count
        share = ratio(other.count, count, otherwise=0)
        target = other.mean_target - self.mean_target
        pred = other.mean_pred - self.mean_pred
        between = self.count * share
        return type(self)(
            count=count,
            mean_target=self.mean_target + target * share,
            mean_pred=self.mean_pred + pred * share,
            moment_target=self.moment_target + other.moment_target + between * target**2,
            moment_pred=self.moment_pred + other.moment_pred + between * pred**2,
            co_moment=self.co_moment + other.co_moment + between * target * pred,
            squared_error=self.squared_error + other.squared_error,
        )

    def regrouped(self, groups: NDArray[np.int64], num_groups: int) -> Self:
        """Return the sums of groups of these groups, shape (num_groups,).

        Args:
            groups: New group of each of the G current groups, shape (G,).
            num_groups: Number of new groups.
        """

        def total(values: ArrayLike) -> Floats:
            sums = np.bincount(groups, values, minlength=num_groups)
            return sums.astype(np.float64)

        count = total(self.count)
        mean_target, target = _means_by_group(self.mean_target, self.count, groups, count)
        mean_pred, pred = _means_by_group(self.mean_pred, self.count, groups, count)
        return type(self)(
            count=count.astype(np.int64),
            mean_target=mean_target,
            mean_pred=mean_pred,
            moment_target=total(self.moment_target + self.count * target**2),
            moment_pred=total(self.moment_pred + self.count * pred**2),
            co_moment=total(self.co_moment + self.count * target * pred),
            squared_error=total(self.squared_error),
        )

    def pooled(self, weights: ArrayLike | None = None) -> Self:
        """Return the sums over all groups, shape () or (R,).

        Args:
            weights: Multiplicity of each group, integers of shape (G,) or (R, G); None for
                1.
        """
        if weights is None:
            return self.regrouped(np.zeros(len(self.count), np.int64), 1)[0]
        weights = check_weights(weights, len(self.count))
        rows = weights * self.count
        mean_target, target = _weighted_means(self.mean_target, self.count, rows)
        mean_pred, pred = _weighted_means(self.mean_pred, self.count, rows)
        return type(self)(
            count=weighted_counts(weights, self.count),
            mean_target=mean_target,
            mean_pred=mean_pred,
            moment_target=weights @ self.moment_target + (rows * target**2).sum(-1),
            moment_pred=weights @ self.moment_pred + (rows * pred**2).sum(-1),
            co_moment=weights @ self.co_moment + (rows * target * pred).sum(-1),
            squared_error=weights @ self.squared_error,
        )

    def ccc(self) -> Floats:
        """Return the concordance correlation, in [-1, 1].

        0 if one series is constant; NaN below 2 rows, or if both are the same constant.
        """
        difference = self.mean_target - self.mean_pred
        spread = self.moment_target + self.moment_pred + self.count * difference**2
        value = ratio(2 * self.co_moment, spread, otherwise=np.nan)
        return np.where(self.count < 2, np.nan, value)[()]

    def pcc(self) -> Floats:
        """Return Pearson's correlation, in [-1, 1].

        NaN below 2 rows, or if one series is constant.
        """
        spread = np.sqrt(self.moment_target) * np.sqrt(self.moment_pred)
        value = np.clip(ratio(self.co_moment, spread, otherwise=np.nan), -1, 1)
        return np.where(self.count < 2, np.nan, value)[()]

    def mse(self) -> Floats:
        """Return the mean squared error; NaN without rows."""
        return ratio(self.squared_error, self.count, otherwise=np.nan)[()]


def concordance_correlation(
    target: ArrayLike, pred: ArrayLike, *, valid: ArrayLike | None = None
) -> float:
    """Return Lin's concordance correlation of two series of shape (N,), in [-1, 1].

    0 if one series is constant; NaN below 2 valid rows, or if both are the same constant.

    Raises:
        ValueError: If shapes differ or a valid value is not finite.
    """
    return float(AgreementSums.of(target, pred, valid=valid).ccc())


def pearson_correlation(
    target: ArrayLike, pred: ArrayLike, *, valid: ArrayLike | None = None
) -> float:
    """Return Pearson's correlation of two series of shape (N,), in [-1, 1].

    NaN below 2 valid rows, or if one series is constant.

    Raises:
        ValueError: If shapes differ or a valid value is not finite.
    """
    return float(AgreementSums.of(target, pred, valid=valid).pcc())


def mean_squared_error(
    target: ArrayLike, pred: ArrayLike, *, valid: ArrayLike | None = None
) -> float:
    """Return the mean squared error of two series of shape (N,); NaN without valid rows.

    Raises:
        ValueError: If shapes differ or a valid value is not finite.
    """
    return float(AgreementSums.of(target, pred, valid=valid).mse())


def _means_by_group(
    means: Floats,
    count: NDArray[np.int64],
    groups: NDArray[np.int64],
    total: Floats,
) -> tuple[Floats, Floats]:
    """Return the mean of each group, and the distance of each of `means` from it.

    Computed relative to the first value of the group, so that a constant has zero spread.
    """
    first = np.zeros(len(total))
    filled = np.flatnonzero(count)[::-1]
    first[groups[filled]] = means[filled]  # the last assignment is the first in order
    offset = np.where(count > 0, means - first[groups], 0.0)
    shift = ratio(
        np.bincount(groups, count * offset, minlength=len(total)), total, otherwise=0
    )
    return first + shift, np.where(count > 0, offset - shift[groups], 0.0)


def _weighted_means(
    means: Floats, count: NDArray[np.int64], rows: Floats
) -> tuple[Floats, Floats]:
    """Return the mean of each weighting (R,) and the distances of `means` from it (R, G).

    Distances within rounding of the mean are set to 0: resampled groups of a constant have
    no spread.
    """
    filled = np.flatnonzero(count)
    first = means[filled[0]] if len(filled) else 0.0
    offset = np.where(count > 0, means - first, 0.0)
    shift = ratio(rows @ offset, rows.sum(-1), otherwise=0)
    distance = offset - shift[..., None]
    rounding = len(means) * np.finfo(np.float64).eps * np.abs(offset).max(initial=0.0)
    return first + shift, np.where(np.abs(distance) <= rounding, 0.0, distance)
