"""Agreement on scales: CCC, correlation, ICC(3,1), absolute error, quadratic kappa.

All follow from moments of two series. With two series, ICC(3,1) (consistency, single
measure) is 2 cov / (var + var); Cohen's kappa with quadratic weights is the concordance
correlation of the levels.
Sources: Shrout and Fleiss 1979, Psychological Bulletin 86:420; Cohen 1968, Psychological
Bulletin 70:213; for the second, Krippendorff 1970, Sociological Methodology 2:139.
Symbols: N rows, G groups of rows (videos), R weightings of the groups, K scales.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.core.tasks import Task
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.rows import (
    check_groups,
    check_weights,
    ratio,
    selected,
)

Floats = NDArray[np.float64]
SCORE_OF_SCALES = {Task.DIMENSIONS: "ccc", Task.INTENSITIES: "icc"}
"""Field of `ScaleScores` whose mean is the score of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleScores:
    """Scores of K scales, each of shape (..., K); NaN where not defined."""

    ccc: Floats
    pcc: Floats
    icc: Floats
    """ICC(3,1)."""
    mae: Floats
    """Mean absolute error, in the scale's units."""
    kappa: Floats
    """Quadratic kappa of the nearest levels; NaN unless all labels are whole numbers."""
    num: NDArray[np.int64]
    """Number of valid rows."""

    def mean(self, name: str) -> Floats:
        """Return the mean over the scales that have rows, such as of `ccc`.

        NaN if the score of one of them is not defined, or none has rows.
        """
        values, has_rows = getattr(self, name), self.num > 0
        total = np.where(has_rows, values, 0.0).sum(-1)
        return ratio(total, has_rows.sum(-1), otherwise=np.nan)[()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSums:
    """Sufficient statistics of the scores of K scales, for groups of rows."""

    values: tuple[AgreementSums, ...]
    """Sums of each scale, each (G,) or ()."""
    levels: tuple[AgreementSums, ...]
    """The same of the nearest whole numbers, over rows whose label is one."""
    absolute_error: tuple[Floats, ...]
    """Sum over rows, likewise."""

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
        """Return the sums of each group of rows.

        Args:
            target: In the scales' units, shape (N, K).
            pred: Likewise.
            groups: Group of each row, from 0 to `num_groups` - 1, shape (N,).
            num_groups: G; groups without rows get zeros.
            valid: True where a value counts, shape (N, K); None counts all.

        Raises:
            ValueError: If shapes differ, a valid value is not finite, or a group is out of
                range.
        """
        target, pred, valid = selected(target, pred, valid)
        if target.ndim != 2:
            raise ValueError(f"metrics: target must have shape (N, K), got {target.shape}")
        groups = check_groups(groups, len(target), num_groups)
        values, levels, errors = [], [], []
        for true, guess, counts in zip(target.T, pred.T, valid.T, strict=True):

            def sums(
                true: ArrayLike, guess: ArrayLike, counts: NDArray[np.bool_]
            ) -> AgreementSums:
                return AgreementSums.by_group(
                    true, guess, groups, num_groups=num_groups, valid=counts
                )

            values.append(sums(true, guess, counts))
            whole = counts & (true == np.rint(true))
            levels.append(sums(np.rint(true), np.rint(guess), whole))
            distance = np.abs(true.astype(np.float64) - guess)[counts]
            total = np.bincount(groups[counts], distance, minlength=num_groups)
            errors.append(total.astype(np.float64))
        return cls(values=tuple(values), levels=tuple(levels), absolute_error=tuple(errors))

    def counts(self) -> NDArray[np.int64]:
        """Return the number of valid rows of each scale and group, shape (K, G)."""
        return np.array([sums.count for sums in self.values])

    def merge(self, other: Self) -> Self:
        """Return the sums of the rows of both, per group; shapes are equal."""
        pairs = zip(self.values, other.values, strict=True)
        level_pairs = zip(self.levels, other.levels, strict=True)
        errors = zip(self.absolute_error, other.absolute_error, strict=True)
        return type(self)(
            values=tuple(mine.merge(theirs) for mine, theirs in pairs),
            levels=tuple(mine.merge(theirs) for mine, theirs in level_pairs),
            absolute_error=tuple(mine + theirs for mine, theirs in errors),
        )

    def regrouped(self, groups: NDArray[np.int64], num_groups: int) -> Self:
        """Return the sums of groups of these groups; see `AgreementSums.regrouped`."""
        return self._each(
            lambda sums: sums.regrouped(groups, num_groups),
            lambda error: np.bincount(groups, error, minlength=num_groups).astype(float),
        )

    def pooled(self, weights: ArrayLike | None = None) -> Self:
        """Return the sums of all groups together; see `AgreementSums.pooled`."""
        return self._each(
            lambda sums: sums.pooled(weights),
            lambda error: (
                error.sum()
                if weights is None
                else np.asarray(check_weights(weights, len(error)) @ error)
            ),
        )

    def scores(self, shape: tuple[int, ...] = ()) -> ScaleScores:
        """Return the scores, shape (..., K).

        Args:
            shape: Shape of the groups, for an empty set of scales.
        """

        def stacked(columns: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
            return np.stack(columns, -1) if columns else np.zeros((*shape, 0))

        counts = [sums.count for sums in self.values]
        kappas = [
            np.where(level.count == sums.count, level.ccc(), np.nan)
            for sums, level in zip(self.values, self.levels, strict=True)
        ]
        errors = zip(self.absolute_error, counts, strict=True)
        return ScaleScores(
            ccc=stacked([sums.ccc() for sums in self.values]),
            pcc=stacked([sums.pcc() for sums in self.values]),
            icc=stacked([consistency(sums) for sums in self.values]),
            mae=stacked([ratio(error, n, otherwise=np.nan) for error, n in errors]),
            kappa=stacked(kappas),
            num=stacked(counts).astype(np.int64),
        )

    def _each(
        self,
        change: Callable[[AgreementSums], AgreementSums],
        change_error: Callable[[Floats], Floats],
    ) -> Self:
        return type(self)(
            values=tuple(map(change, self.values)),
            levels=tuple(map(change, self.levels)),
            absolute_error=tuple(map(change_error, self.absolute_error)),
        )


def consistency(sums: AgreementSums) -> Floats:
    """Return ICC(3,1) of two series, in [-1, 1].

    NaN below 2 rows, or if both are constant.
    """
    spread = sums.moment_target + sums.moment_pred
    value = ratio(2 * sums.co_moment, spread, otherwise=np.nan)
    return np.where(sums.count < 2, np.nan, value)[()]
