"""F1 of classes and of action units, from additive counts.

F1 = 2 tp / (2 tp + fp + fn), and 0 where that is 0 / 0: a class or an action unit that is
neither annotated nor predicted counts as 0 in the mean, which is over all labels.
Symbols: N rows, C classes, K action units, G groups of rows (videos), R weightings.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.metrics.rows import (
    check_codes,
    check_groups,
    check_weights,
    ratio,
    selected,
    weighted_counts,
)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionCounts:
    """Confusion counts: predictions of each class by annotated class."""

    counts: Counts
    """Rows are annotated classes, columns predicted classes; shape (..., C, C)."""

    @classmethod
    def of(
        cls,
        target: ArrayLike,
        pred: ArrayLike,
        num_classes: int,
        *,
        valid: ArrayLike | None = None,
    ) -> Self:
        """Return the counts of one series of classes of shape (N,).

        Raises:
            ValueError: If shapes differ or a valid class is not in [0, num_classes).
        """
        groups = np.zeros(np.shape(target)[:1], int)
        return cls.by_group(
            target, pred, groups, num_classes=num_classes, num_groups=1, valid=valid
        )[0]

    @classmethod
    def by_group(
        cls,
        target: ArrayLike,
        pred: ArrayLike,
        groups: ArrayLike,
        *,
        num_classes: int,
        num_groups: int,
        valid: ArrayLike | None = None,
    ) -> Self:
        """Return the counts of each group of rows, shape (G, C, C).

        Args:
            target: Annotated class, shape (N,).
            pred: Predicted class, shape (N,).
            groups: Group of each row, from 0 to `num_groups` - 1, shape (N,).
            num_classes: Number of classes C, including those that do not occur.
            num_groups: G.
            valid: True where a row counts, shape (N,); None counts all.

        Raises:
            ValueError: If shapes differ or a valid class or a group is out of range.
        """
        target, pred, valid = selected(target, pred, valid)
        groups = check_groups(groups, len(target), num_groups)[valid]
        row = check_codes("target", target[valid], num_classes)
        column = check_codes("pred", pred[valid], num_classes)
        cell = (groups * num_classes + row) * num_classes + column
        shape = (num_groups, num_classes, num_classes)
        counts = np.bincount(cell, minlength=num_groups * num_classes**2)
        return cls(counts=counts.reshape(shape))

    def __getitem__(self, index: int) -> Self:
        return type(self)(counts=self.counts[index])

    def merge(self, other: Self) -> Self:
        """Return the counts of the rows of both, per group; shapes are equal."""
        return type(self)(counts=self.counts + other.counts)

    def regrouped(self, groups: NDArray[np.int64], num_groups: int) -> Self:
        """Return the counts of groups of the G present groups; `groups` has shape (G,)."""
        return type(self)(counts=_regrouped(self.counts, groups, num_groups))

    def pooled(self, weights: ArrayLike | None = None) -> Self:
        """Return the counts over all groups, shape (C, C) or (R, C, C)."""
        return type(self)(counts=_pooled(self.counts, weights))

    def num_rows(self) -> Counts:
        """Return the number of rows counted, shape (...)."""
        return self.counts.sum((-2, -1))

    def per_class_f1(self) -> Floats:
        """Return the F1 of each class, shape (..., C); NaN without rows."""
        hits = np.diagonal(self.counts, axis1=-2, axis2=-1)
        false = self.counts.sum(-1) + self.counts.sum(-2) - 2 * hits
        return np.where(self.num_rows()[..., None] == 0, np.nan, _f1(hits, false))

    def macro_f1(self) -> Floats:
        """Return the mean F1 over all classes, shape (...); NaN if there is no row."""
        return self.per_class_f1().mean(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCounts:
    """True positives, false positives and false negatives of each action unit.

    All fields have shape (..., K).
    """

    true_positives: Counts
    false_positives: Counts
    false_negatives: Counts
    num_valid: Counts
    """Number of valid cells, of either label."""

    @classmethod
    def of(
        cls, target: ArrayLike, pred: ArrayLike, *, valid: ArrayLike | None = None
    ) -> Self:
        """Return the counts of one series of occurrences of shape (N, K).

        Raises:
            ValueError: If shapes differ or a valid cell is neither 0 nor 1.
        """
        groups = np.zeros(np.shape(target)[:1], int)
        return cls.by_group(target, pred, groups, num_groups=1, valid=valid)[0]

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
        """Return the counts of each group of rows, shape (G, K).

        Args:
            target: Annotated occurrence, 0 or 1, shape (N, K).
            pred: Predicted occurrence, 0 or 1, shape (N, K).
            groups: Group of each row, from 0 to `num_groups` - 1, shape (N,).
            num_groups: G.
            valid: True where a cell counts, shape (N, K); None counts all.

        Raises:
            ValueError: If shapes differ, a valid cell is neither 0 nor 1, or a group is
                out of range.
        """
        target, pred, valid = selected(target, pred, valid)
        if target.ndim != 2:
            raise ValueError(f"metrics: target must have shape (N, K), got {target.shape}")
        num_units = target.shape[1]
        groups = check_groups(groups, len(target), num_groups)
        column = (groups[:, None] * num_units + np.arange(num_units))[valid]
        truth = check_codes("target", target[valid], 2)
        predicted = check_codes("pred", pred[valid], 2)
        counts = np.bincount(
            column * 4 + truth * 2 + predicted, minlength=num_groups * num_units * 4
        ).reshape(num_groups, num_units, 4)
        return cls(
            true_positives=counts[..., 3],
            false_positives=counts[..., 1],
            false_negatives=counts[..., 2],
            num_valid=counts.sum(-1),
        )

    def __getitem__(self, index: int) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def merge(self, other: Self) -> Self:
        """Return the counts of the rows of both, per group; shapes are equal."""
        names = (f.name for f in fields(self))
        return type(self)(**{n: getattr(self, n) + getattr(other, n) for n in names})

    def regrouped(self, groups: NDArray[np.int64], num_groups: int) -> Self:
        """Return the counts of groups of the G present groups; `groups` has shape (G,)."""
        names = (f.name for f in fields(self))
        return type(self)(
            **{n: _regrouped(getattr(self, n), groups, num_groups) for n in names}
        )

    def pooled(self, weights: ArrayLike | None = None) -> Self:
        """Return the counts over all groups, shape (K,), or (R, K) for R weightings."""
        names = (f.name for f in fields(self))
        return type(self)(**{n: _pooled(getattr(self, n), weights) for n in names})

    def f1(self) -> Floats:
        """Return the F1 of each action unit, shape (..., K).

        0 where it is neither annotated nor predicted, NaN where no cell is valid.
        """
        value = _f1(self.true_positives, self.false_positives + self.false_negatives)
        return np.where(self.num_valid == 0, np.nan, value)

    def macro_f1(self) -> Floats:
        """Return the mean of the F1 of presence and that of absence, shape (...).

        The mean is over the action units that have a valid cell, NaN if none has.
        """
        false = self.false_positives + self.false_negatives
        absent = _f1(self.num_valid - self.true_positives - false, false)
        return self._mean((_f1(self.true_positives, false) + absent) / 2)

    def mean_f1(self) -> Floats:
        """Return the mean F1 over the action units that have a valid cell, shape (...).

        NaN if none has.
        """
        return self._mean(self.f1())

    def _mean(self, values: Floats) -> Floats:
        measured = self.num_valid > 0
        total = np.where(measured, values, 0.0).sum(-1)
        return ratio(total, measured.sum(-1), otherwise=np.nan)[()]


def _f1(hits: Counts, false: Counts) -> Floats:
    return ratio(2.0 * hits, 2.0 * hits + false, otherwise=0.0)


def _regrouped(counts: Counts, groups: NDArray[np.int64], num_groups: int) -> Counts:
    total = np.zeros((num_groups, *counts.shape[1:]), np.int64)
    np.add.at(total, groups, counts)
    return total


def _pooled(counts: Counts, weights: ArrayLike | None) -> Counts:
    if weights is None:
        return counts.sum(0)
    return weighted_counts(check_weights(weights, len(counts)), counts)
