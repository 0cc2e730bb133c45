"""Sampling settings that images and windows share, and the weights they give.

Symbols: N images or rows, C classes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.columns import TaskColumn
from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError

Weights = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancedClasses(Config):
    """Rare expressions are sampled more often."""

    power: float = 0.5
    """Exponent of the inverse class frequency, in [0, 1]: 0 for uniform sampling, 1 for
    uniform sampling of classes."""
    kind: Literal["balanced-classes"] = "balanced-classes"

    def __post_init__(self) -> None:
        check_numbers("sampling", "[0, 1]", power=self.power)


@dataclass(frozen=True, kw_only=True, slots=True)
class BalancedVideos(Config):
    """Short videos are sampled as often as long ones."""

    power: float = 1.0
    """Exponent of the inverse length of the video, in [0, 1]: 0 for uniform sampling, 1 for
    uniform sampling of videos."""
    kind: Literal["balanced-videos"] = "balanced-videos"

    def __post_init__(self) -> None:
        check_numbers("sampling", "[0, 1]", power=self.power)


def class_weights(shares: TaskColumn, power: float) -> Weights:
    """Return the sampling probability of each row, shape (N,).

    A soft label has the mean weight of its classes, by their shares. A row without an
    expression gets the mean weight of those that have one.

    Args:
        shares: Distribution of each row over the classes, shape (N, C).
        power: Exponent of the inverse class frequency.

    Raises:
        UsageError: If no row has an expression.
    """
    valid = shares.valid_rows
    if not valid.any():
        raise UsageError(
            "sampling: balanced-classes needs rows with an expression, got none; use "
            "balanced-videos, or leave it out"
        )
    weights = np.ones(len(valid))
    given = shares.values[valid].astype(np.float64)
    counts = given.sum(0)
    occurs = counts > 0
    weights[valid] = given[:, occurs] @ counts[occurs] ** -power
    weights[~valid] = weights[valid].mean()
    return weights / weights.sum()


def video_weights(video: NDArray[np.int64], power: float) -> Weights:
    """Return the sampling probability of each row of numbered videos, shape (N,)."""
    weights = (np.bincount(video)[video] ** -power).astype(np.float64)
    return weights / weights.sum()
