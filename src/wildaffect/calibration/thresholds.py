"""Thresholds from which action units count as present.

Symbols: N rows, K action units, M thresholds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.inference.calibration import EVEN_THRESHOLD

Probs = NDArray[np.float32]
Floats = NDArray[np.float64]

CANDIDATES = np.linspace(0.01, 0.99, 99)
"""Candidates for the common threshold."""
SMALLEST = 1e-6
"""Minimum distance of thresholds from 0 and 1 when they are averaged as logits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSweep(Config):
    """Threshold with the best F1 of each unit, shrunk toward a common threshold.

    A unit that is present in few videos has little information about its own best
    threshold, as rows of one video are similar. With v such videos, its own threshold has
    the weight v / (v + prior) and the common threshold the rest, as logits.
    """

    prior_videos: float = 8.0
    """Weight of the common threshold, in videos; 0 for no shrinkage."""

    def __post_init__(self) -> None:
        check_numbers("thresholds", "[0, inf)", prior_videos=self.prior_videos)


def fit_thresholds(
    probs: Probs,
    target: NDArray[np.int8],
    valid: NDArray[np.bool_],
    video_index: NDArray[np.int64],
    *,
    sweep: ThresholdSweep,
) -> tuple[float, ...]:
    """Return a threshold for each unit; the common threshold if it is never present.

    Args:
        probs: Shape (N, K).
        target: Occurrence, shape (N, K).
        valid: Cells that count, shape (N, K).
        video_index: Video of each row, shape (N,).
        sweep: Settings of the shrinkage.
    """
    is_present = (target == 1) & valid
    common = common_threshold(probs, is_present, valid)
    thresholds = []
    for unit in range(probs.shape[1]):
        rows = valid[:, unit]
        num_videos = len(np.unique(video_index[is_present[:, unit]]))
        if not num_videos:
            thresholds.append(common)
            continue
        own = best_threshold(probs[rows, unit], is_present[rows, unit])
        if not sweep.prior_videos:
            thresholds.append(own)
            continue
        share = num_videos / (num_videos + sweep.prior_videos)
        mixed = share * _logit(own) + (1 - share) * _logit(common)
        thresholds.append(float(1 / (1 + np.exp(-mixed))))
    return tuple(thresholds)


def best_threshold(probs: Probs, is_present: NDArray[np.bool_]) -> float:
    """Return the threshold of the highest F1, midway between two probabilities.

    Args:
        probs: Shape (N,), at least one.
        is_present: Shape (N,), at least one True.
    """
    order = np.argsort(-probs, kind="stable")
    falling = probs[order]
    hits = np.cumsum(is_present[order])
    f1 = 2.0 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    is_cut = np.append(falling[:-1] > falling[1:], True)
    best = int(np.argmax(np.where(is_cut, f1, -1.0)))
    lowest = falling[best]
    next_lower = falling[best + 1] if best + 1 < len(falling) else np.float32(0)
    middle = np.float32((float(lowest) + float(next_lower)) / 2)
    return float(middle if middle > next_lower or lowest == next_lower else lowest)


def common_threshold(
    probs: Probs, is_present: NDArray[np.bool_], valid: NDArray[np.bool_]
) -> float:
    """Return the common threshold with the highest mean F1 of all units that occur.

    `EVEN_THRESHOLD` if none occurs.
    """
    per_unit = [
        _f1_at(CANDIDATES, probs[valid[:, unit], unit], is_present[valid[:, unit], unit])
        for unit in range(probs.shape[1])
        if is_present[:, unit].any()
    ]
    if not per_unit:
        return EVEN_THRESHOLD
    return float(CANDIDATES[int(np.argmax(np.mean(per_unit, axis=0)))])


def _f1_at(thresholds: Floats, probs: Probs, is_present: NDArray[np.bool_]) -> Floats:
    """Return the F1 of one unit at each threshold, shape (M,)."""
    num_predicted = len(probs) - np.searchsorted(np.sort(probs), thresholds)
    hit = np.sort(probs[is_present])
    num_hit = len(hit) - np.searchsorted(hit, thresholds)
    return 2.0 * num_hit / (num_predicted + len(hit))


def _logit(prob: float) -> float:
    inside = min(max(prob, SMALLEST), 1 - SMALLEST)
    return float(np.log(inside) - np.log1p(-inside))
