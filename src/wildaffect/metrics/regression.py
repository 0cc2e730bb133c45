"""Agreement of valence or arousal with annotations: CCC, PCC and MSE, over all frames.

The functions of arrays pool every valid frame, as the challenges do: the score of several
videos is that of their frames put together, never a mean of scores per video.
"""

import numpy as np
from numpy.typing import ArrayLike

from wildaffect.metrics.moments import Floats, Moments, group_moments


def ccc(target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Return the concordance correlation coefficient, in [-1, 1].

    `2 cov / (var(target) + var(pred) + (mean(target) - mean(pred))^2)` with population
    moments (divided by N). A constant prediction of a target that varies gives 0, and so
    does a constant target. NaN where it is 0/0: both constant and equal, or no valid frame.

    Args:
        target: Shape (N,).
        pred: Shape (N,).
        valid: Frames to use, all if not given.

    Raises:
        ValueError: If shapes differ, or a valid frame holds a value that is not finite.

    Source: Lin, "A concordance correlation coefficient to evaluate reproducibility"
    (1989), with population moments as the ABAW challenges compute it.
    """
    return float(ccc_of(group_moments(target, pred, valid))[0])


def pcc(target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Return Pearson's correlation, in [-1, 1]; NaN if either side is constant.

    Arguments and errors as of `ccc`.
    """
    return float(pcc_of(group_moments(target, pred, valid))[0])


def mse(target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Return the mean squared error; NaN without a valid frame.

    Arguments and errors as of `ccc`.
    """
    return float(mse_of(group_moments(target, pred, valid))[0])


def ccc_of(moments: Moments) -> Floats:
    """Return the CCC of each group, shape (G,)."""
    offset = moments.mean_target - moments.mean_pred
    spread = moments.squares_target + moments.squares_pred + moments.count * offset**2
    return _ratio(2 * moments.products, spread)


def pcc_of(moments: Moments) -> Floats:
    """Return Pearson's correlation of each group, shape (G,)."""
    spread = np.sqrt(moments.squares_target) * np.sqrt(moments.squares_pred)
    return _ratio(moments.products, spread)


def mse_of(moments: Moments) -> Floats:
    """Return the mean squared error of each group, shape (G,)."""
    return _ratio(moments.squared_error, moments.count)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
