"""Sums that valence and arousal scores are made of: per group, merged without loss.

Deviations are taken from a value of the data itself, so that a constant is known as one
exactly, and groups are merged by their means, so that no two large sums are subtracted.

Symbols: N frames, G groups (videos, or parts of a stream), B weightings of the groups.

Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
sample variances" (1979); here for any number of groups at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Of targets and predictions within each group; every field has shape (G,)."""

    count: Floats
    """Valid frames; where there are none the other fields are 0."""
    mean_target: Floats
    mean_pred: Floats
    squares_target: Floats
    """Sum of squared deviations from the group's mean."""
    squares_pred: Floats
    products: Floats
    """Sum of products of the two deviations."""
    squared_error: Floats
    """Sum of squared differences of prediction and target."""

    def __len__(self) -> int:
        return len(self.count)


def group_moments(
    target: ArrayLike,
    pred: ArrayLike,
    valid: ArrayLike | None = None,
    *,
    groups: NDArray[np.int64] | None = None,
    num_groups: int = 1,
) -> Moments:
    """Return the sums of each group.

    Args:
        target: Shape (N,).
        pred: Shape (N,).
        valid: Frames to use, all if not given; what others hold is never read.
        groups: Group of each frame in [0, G); all frames are group 0 if not given.
        num_groups: G.

    Raises:
        ValueError: If shapes differ, or a valid frame holds a value that is not finite.
    """
    t, p, mask = valid_values(target, pred, valid)
    index = np.zeros(len(mask), np.int64) if groups is None else groups
    index = index[mask]
    count = np.bincount(index, minlength=num_groups).astype(np.float64)
    mean_t, from_mean_t = _centre(t, index, count)
    mean_p, from_mean_p = _centre(p, index, count)
    return Moments(
        count=count,
        mean_target=mean_t,
        mean_pred=mean_p,
        squares_target=_sums(index, from_mean_t**2, num_groups),
        squares_pred=_sums(index, from_mean_p**2, num_groups),
        products=_sums(index, from_mean_t * from_mean_p, num_groups),
        squared_error=_sums(index, (p - t) ** 2, num_groups),
    )


def valid_values(
    target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the valid targets and predictions in float64, and the mask of shape (N,).

    Raises:
        ValueError: If shapes differ, or a valid frame holds a value that is not finite.
    """
    t, p = np.asarray(target, np.float64), np.asarray(pred, np.float64)
    mask = np.ones(t.shape, bool) if valid is None else np.asarray(valid, bool)
    for name, shape in (("pred", p.shape), ("valid", mask.shape), ("target", t.shape)):
        if shape != t.shape or len(shape) != 1:
            raise ValueError(f"{name} must have shape {t.shape[:1]}, got {shape}")
    for name, values in (("target", t), ("pred", p)):
        wrong = mask & ~np.isfinite(values)
        if wrong.any():
            frame = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"{name} must be finite where valid, got {values[frame]} in frame {frame}"
            )
    return t[mask], p[mask], mask


def weigh(moments: Moments, weights: Floats) -> Moments:
    """Merge groups, each counted as often as its weight says.

    Args:
        moments: G groups.
        weights: Shape (B, G), at least 0; a row of ones pools all groups.

    Returns:
        One merged group for each row, B in all.
    """
    count = weights @ moments.count
    frames = weights * moments.count  # (B, G)
    mean_t, from_mean_t = _recentre(moments.mean_target, moments.count, frames, count)
    mean_p, from_mean_p = _recentre(moments.mean_pred, moments.count, frames, count)
    between_t, between_p = frames * from_mean_t, frames * from_mean_p
    return Moments(
        count=count,
        mean_target=mean_t,
        mean_pred=mean_p,
        squares_target=weights @ moments.squares_target + (between_t * from_mean_t).sum(1),
        squares_pred=weights @ moments.squares_pred + (between_p * from_mean_p).sum(1),
        products=weights @ moments.products + (between_t * from_mean_p).sum(1),
        squared_error=weights @ moments.squared_error,
    )


def _sums(index: NDArray[np.int64], values: Floats, num_groups: int) -> Floats:
    return np.bincount(index, values, num_groups).astype(np.float64)


def _centre(
    values: Floats, index: NDArray[np.int64], count: Floats
) -> tuple[Floats, Floats]:
    """Return the mean of each group, and the deviation of each value from it."""
    origin = np.zeros(len(count))
    origin[index[::-1]] = values[::-1]  # the first value of a group is written last
    from_origin = values - origin[index]
    mean = np.bincount(index, from_origin, len(count)) / np.maximum(count, 1)
    return origin + mean, from_origin - mean[index]


def _recentre(
    means: Floats, count: Floats, frames: Floats, total: Floats
) -> tuple[Floats, Floats]:
    """Return the mean over each row of frames, and deviations of groups, (B, G)."""
    filled = count > 0
    origin = means[filled][0] if filled.any() else 0.0
    from_origin = np.where(filled, means - origin, 0.0)
    mean = frames @ from_origin / np.maximum(total, 1)
    deviation = from_origin - mean[:, None]
    # Groups of one and the same mean must come out as exactly that.
    deviation[np.abs(deviation) <= 4 * _EPS * np.abs(mean[:, None])] = 0.0
    return np.where(total > 0, origin + mean, 0.0), deviation
