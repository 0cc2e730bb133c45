"""Temperature scaling by maximum likelihood.

It changes the confidence, never the order of probabilities. Symbols: N rows, C classes, K
action units.
Source: Guo et al., "On calibration of modern neural networks", ICML 2017; here
on the mean probabilities of windows and members, after smoothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RANGE = (0.1, 10.0)
"""Range of temperatures to search."""
NUM_HALVINGS = 24
SMALLEST = 1e-7
"""Lower limit of probabilities, so that a single confident error does not dominate."""


def expression_temperature(
    probs: NDArray[np.float32], target: NDArray[np.int64], valid: NDArray[np.bool_]
) -> float:
    """Return the most likely temperature of class probabilities, 1 without valid rows.

    Args:
        probs: Shape (N, C).
        target: Class, shape (N,).
        valid: Rows that count, shape (N,).
    """
    logs = np.log(np.maximum(probs[valid].astype(np.float64), SMALLEST))
    given = logs[np.arange(len(logs)), target[valid]]

    def slope(inverse: float) -> float:
        powers = np.exp(inverse * (logs - logs.max(1, keepdims=True)))
        expected = (powers * logs).sum(1) / powers.sum(1)
        return float((expected - given).mean())

    return _where_flat(slope) if len(logs) else 1.0


def unit_temperature(
    probs: NDArray[np.float32], target: NDArray[np.int8], valid: NDArray[np.bool_]
) -> float:
    """Return the most likely temperature of action-unit probabilities, all of (N, K)."""
    inside = np.clip(probs[valid].astype(np.float64), SMALLEST, 1 - SMALLEST)
    logits = np.log(inside) - np.log1p(-inside)
    given = target[valid]

    def slope(inverse: float) -> float:
        return float(((1 / (1 + np.exp(-inverse * logits)) - given) * logits).mean())

    return _where_flat(slope) if len(logits) else 1.0


def _where_flat(slope: Callable[[float], float]) -> float:
    """Return the temperature with the lowest loss, which is convex in its inverse."""
    low, high = (np.log(1 / t) for t in reversed(RANGE))
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        if slope(float(np.exp(middle))) > 0:
            high = middle
        else:
            low = middle
    return float(np.exp(-(low + high) / 2))
