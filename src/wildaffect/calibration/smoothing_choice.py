"""Selection of the smoothing of each task by its official score.

Symbols: V videos, K action units, B bins of probability.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.labeled import LabeledRows, Probs
from wildaffect.core.config import Config
from wildaffect.core.tasks import Task
from wildaffect.inference.smoothing import (
    Box,
    CausalExponential,
    Gaussian,
    Smoothing,
    SmoothingKind,
)
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.counts import ConfusionCounts
from wildaffect.metrics.scales import SCORE_OF_SCALES, ScaleSums

Grid = tuple[SmoothingKind | None, ...]
Weights = NDArray[np.int64]
Score = Callable[[Weights], float]
"""Weights of the videos, shape (V,) -> score of the task."""

NUM_BINS = 200
"""Number of bins for the F1 of a unit at its best threshold, to compare smoothings."""
EITHER_SIDE: Grid = (
    None,
    *(Gaussian(sd_s=sd_s) for sd_s in (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0)),
    *(Box(width_s=width_s) for width_s in (1.0, 3.0, 6.0)),
)
PAST_ONLY: Grid = (
    None,
    *(CausalExponential(time_constant_s=s) for s in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothingGrids(Config):
    """Candidates for each task, weakest first: the first of equal scores is selected."""

    valence: Grid = EITHER_SIDE
    arousal: Grid = EITHER_SIDE
    expression: Grid = EITHER_SIDE
    action_units: Grid = EITHER_SIDE
    dimensions: Grid = EITHER_SIDE
    intensities: Grid = EITHER_SIDE


CAUSAL_GRIDS = SmoothingGrids(**dict.fromkeys(Task, PAST_ONLY))
"""Candidates for models without latency."""


class SmoothingChoice:
    """Computes every smoothing of every task once, then selects on any set of videos.

    Valence, arousal and dimensions are compared by CCC, intensities by ICC, expressions by
    macro-F1 of the most probable class, action units by their mean F1 with each unit at its
    best threshold, as a rare unit almost never reaches 0.5 with any smoothing. If all
    labels are of whole videos, nothing is smoothed: their scores can hardly tell.
    """

    def __init__(self, rows: LabeledRows, grids: SmoothingGrids) -> None:
        self._scores: dict[Task, list[tuple[SmoothingKind | None, Score]]] = {
            task: [
                (kind, _score(rows, task, rows.pooled(rows.smoothed(task, kind))))
                for kind in (getattr(grids, task) if rows.has_frames else (None,))
            ]
            for task in rows.labels
        }

    def best(self, counted: NDArray[np.bool_]) -> Smoothing:
        """Return the best smoothing of each task over the selected videos, shape (V,)."""
        chosen: dict[str, SmoothingKind | None] = {}
        for task, scored in self._scores.items():
            values = [score(counted.astype(np.int64)) for _, score in scored]
            best = int(np.argmax(np.nan_to_num(values, nan=-np.inf)))
            chosen[task] = scored[best][0]
        return Smoothing(**chosen)


def _score(rows: LabeledRows, task: Task, values: Probs) -> Score:
    groups: dict[str, Any] = {
        "groups": rows.video_index,
        "num_groups": len(rows.videos),
    }
    target, valid = rows.labels[task].values, rows.labels[task].valid
    match task:
        case Task.VALENCE | Task.AROUSAL:
            sums = AgreementSums.by_group(target, values, valid=valid, **groups)
            return lambda weights: float(sums.pooled(weights).ccc())
        case Task.EXPRESSION:
            counts = ConfusionCounts.by_group(
                target,
                values.argmax(1),
                num_classes=values.shape[1],
                valid=valid,
                **groups,
            )
            return lambda weights: float(counts.pooled(weights).macro_f1())
        case Task.DIMENSIONS | Task.INTENSITIES:
            scales = ScaleSums.by_group(target, values, valid=valid, **groups)
            name = SCORE_OF_SCALES[task]
            return lambda weights: float(scales.pooled(weights).scores().mean(name))
        case Task.ACTION_UNITS:
            histogram = _histogram(rows, values)
            return lambda weights: _best_mean_f1(
                np.tensordot(weights, histogram, axes=1).astype(np.float64)
            )


def _histogram(rows: LabeledRows, probs: Probs) -> NDArray[np.int64]:
    """Count valid cells by video, label, unit and probability, shape (V, 2, K, B)."""
    num_units = probs.shape[1]
    labels = rows.labels[Task.ACTION_UNITS]
    level = np.minimum((probs * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    video = np.broadcast_to(rows.video_index[:, None], probs.shape)
    unit = np.broadcast_to(np.arange(num_units), probs.shape)
    shape = (len(rows.videos), 2, num_units, NUM_BINS)
    cells = np.ravel_multi_index((video, labels.values, unit, level), shape)
    return np.bincount(cells[labels.valid], minlength=int(np.prod(shape))).reshape(shape)


def _best_mean_f1(histogram: NDArray[np.float64]) -> float:
    """Return the mean over units of the best F1 over thresholds, (2, K, B) -> ()."""
    above = histogram[..., ::-1].cumsum(-1)  # cells at or above each bin's lower edge
    negatives, positives = above
    total = positives[:, -1:]
    f1 = 2 * positives / np.maximum(positives + negatives + total, 1.0)
    annotated = (histogram.sum((0, 2)) > 0).astype(bool)
    return float(f1.max(1)[annotated].mean()) if annotated.any() else float("nan")
