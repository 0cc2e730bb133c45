"""Checks and selection of the rows of a metric; weighted sums of groups of rows.

Symbols: N rows, G groups of rows (videos), R weightings of the groups.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[Any]


def selected(
    target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None
) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return the arrays and their mask, all of one shape.

    Args:
        target: Annotations, any shape.
        pred: Predictions, same shape.
        valid: True where the pair counts, same shape; None counts all.

    Raises:
        ValueError: If the shapes differ, or `valid` is not bool.
    """
    target, pred = np.asarray(target), np.asarray(pred)
    valid = np.ones(target.shape, np.bool_) if valid is None else np.asarray(valid)
    if not target.shape == pred.shape == valid.shape:
        raise ValueError(
            "metrics: target, pred and valid must have one shape, got "
            f"{target.shape}, {pred.shape} and {valid.shape}"
        )
    if valid.dtype != np.bool_:
        raise ValueError(f"metrics: valid must be bool, got {valid.dtype}")
    return target, pred, valid


def check_finite(name: str, values: NDArray[np.float64]) -> None:
    """Reject valid values that are not finite."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise ValueError(
            f"metrics: {name} must be finite where valid, got {values[wrong][0]}; "
            "mark such rows as not valid"
        )


def check_codes(name: str, codes: Numbers, num_codes: int) -> NDArray[np.int64]:
    """Return `codes` as int64 after checking that each lies in [0, num_codes)."""
    wrong = (codes < 0) | (codes >= num_codes) | (codes != np.floor(codes))
    if wrong.any():
        raise ValueError(
            f"metrics: {name} must be a whole number in [0, {num_codes}) where valid, "
            f"got {codes[wrong][0]}"
        )
    return codes.astype(np.int64)


def check_groups(groups: ArrayLike, num_rows: int, num_groups: int) -> NDArray[np.int64]:
    """Return `groups` as int64 after checking its length and range."""
    groups = np.asarray(groups)
    if groups.shape != (num_rows,):
        raise ValueError(
            f"metrics: groups must have shape ({num_rows},), got {groups.shape}"
        )
    return check_codes("groups", groups, num_groups)


def check_weights(weights: ArrayLike, num_groups: int) -> NDArray[np.float64]:
    """Return the weight of each group, as float64 for fast sums.

    Raises:
        ValueError: If the shape is neither (G,) nor (R, G), or a weight is negative or not
            an integer.
    """
    weights = np.asarray(weights)
    if weights.ndim not in (1, 2) or weights.shape[-1] != num_groups:
        raise ValueError(
            f"metrics: weights must have shape ({num_groups},) or (R, {num_groups}), "
            f"got {weights.shape}"
        )
    if (weights < 0).any() or (weights != np.floor(weights)).any():
        raise ValueError("metrics: weights must be whole numbers of 0 or more")
    return weights.astype(np.float64)


def weighted_counts(
    weights: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return counts of shape (G, ...) summed over groups, shape (...) or (R, ...)."""
    total = np.tensordot(weights, counts.astype(np.float64), axes=1)
    return np.rint(total).astype(np.int64)


def ratio(
    numerator: Numbers, denominator: Numbers, *, otherwise: float
) -> NDArray[np.float64]:
    """Return the quotient, and `otherwise` where the denominator is 0."""
    zero = denominator == 0
    return np.where(zero, otherwise, numerator / np.where(zero, 1.0, denominator))
