"""Bias on the log-probability of each class, so that rare classes are predicted.

Symbols: N rows, C classes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.metrics.counts import ConfusionCounts

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

SMALLEST = 1e-7
"""Lower limit of probabilities."""
LEAST_GAIN = 1e-6
"""Gain of macro-F1 below which differences are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinateAscent(Config):
    """One bias per class, by coordinate ascent on macro-F1.

    The bias of a class that occurs in few videos is shrunk: with v such videos, it is
    multiplied by v / (v + prior).
    """

    limit: float = 3.0
    """Maximum absolute bias."""
    prior_videos: float = 2.0
    """Strength of the shrinkage, in videos; 0 for none."""
    max_sweeps: int = 10
    kind: Literal["coordinate_ascent"] = "coordinate_ascent"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitAdjustment(Config):
    """-strength * log(share of the class among the labels); one number is fitted.

    Source: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021;
    there the strength is given, here it is selected by macro-F1.
    """

    strengths: tuple[float, ...] = tuple(np.linspace(-0.5, 1.5, 41).round(3).tolist())
    kind: Literal["logit_adjustment"] = "logit_adjustment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedShare(Config):
    """Shift one class from its share among the labels to its expected share in use.

    If a model's probabilities are calibrated, the shifted probabilities are calibrated
    where the class has that share and the others keep their proportions. Labels only
    determine the present share.
    """

    share: float
    """Expected share, in (0, 1)."""
    label: int = 0
    """Position of the class; 0 is Neutral of ABAW."""
    kind: Literal["expected_share"] = "expected_share"

    def __post_init__(self) -> None:
        check_numbers("expected share", "(0, 1)", share=self.share)


BiasFit = CoordinateAscent | LogitAdjustment | ExpectedShare


def fit_bias(
    probs: NDArray[np.float32],
    target: Classes,
    video_index: NDArray[np.int64],
    *,
    fit: BiasFit,
) -> tuple[float, ...]:
    """Return a bias for each class, with mean 0; empty without rows.

    Args:
        probs: Probabilities of labeled rows, shape (N, C).
        target: Shape (N,).
        video_index: Video of each row, shape (N,).
        fit: Fitting method.
    """
    if not len(target):
        return ()
    logs = np.log(np.maximum(probs.astype(np.float64), SMALLEST))
    match fit:
        case CoordinateAscent():
            bias = _ascend(logs, target, fit)
            bias *= _trust(target, video_index, probs.shape[1], fit.prior_videos)
        case LogitAdjustment():
            bias = _adjust(logs, target, fit)
        case ExpectedShare():
            found = (np.sum(target == fit.label) + 1.0) / (len(target) + 2.0)
            bias = np.zeros(logs.shape[1])
            bias[fit.label] = _logit(fit.share) - _logit(found)
    return tuple((bias - bias.mean()).tolist())


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def _adjust(logs: Floats, target: Classes, fit: LogitAdjustment) -> Floats:
    counts = np.bincount(target, minlength=logs.shape[1]) + 1.0
    toward = -np.log(counts / counts.sum())
    scores = [_macro_f1(logs + s * toward, target) for s in fit.strengths]
    return fit.strengths[int(np.argmax(scores))] * toward


def _ascend(logs: Floats, target: Classes, fit: CoordinateAscent) -> Floats:
    bias = np.zeros(logs.shape[1])
    reached = _macro_f1(logs, target)
    for _ in range(fit.max_sweeps):
        before = reached
        for label in range(len(bias)):
            value, score = _best_bias(logs, bias, target, label, limit=fit.limit)
            if score > reached + LEAST_GAIN:
                bias[label], reached = value, score
        if reached - before <= LEAST_GAIN:
            break
    return bias


def _best_bias(
    logs: Floats, bias: Floats, target: Classes, label: int, *, limit: float
) -> tuple[float, float]:
    """Return the bias of one class with the highest macro-F1, and that score; exact.

    As the bias increases, rows switch to the class one by one, the nearest first.
    """
    num_classes = logs.shape[1]
    biased = logs + bias
    biased[:, label] = -np.inf
    other = biased.argmax(1)
    needed = biased.max(1) - logs[:, label]
    order = np.argsort(needed, kind="stable")
    needed, other, given = needed[order], other[order], target[order]
    is_other = other[:, None] == np.arange(num_classes)
    is_given = given[:, None] == np.arange(num_classes)
    num_predicted = is_other.sum(0) - _running(is_other)  # (N + 1, C)
    num_hit = (is_other & is_given).sum(0) - _running(is_other & is_given)
    num_predicted[:, label] = np.arange(len(needed) + 1)
    num_hit[:, label] = _running(is_given[:, label])
    f1 = 2.0 * num_hit / np.maximum(num_predicted + is_given.sum(0), 1)
    edges = np.concatenate([[-np.inf], needed, [np.inf]])
    low, high = np.maximum(edges[:-1], -limit), np.minimum(edges[1:], limit)
    scores = np.where(low < high, f1.mean(1), -1.0)
    best = int(scores.argmax())
    return float(low[best] + high[best]) / 2, float(scores[best])


def _running(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the first 0, 1, ... rows are True, one row more than given."""
    start = np.zeros((1, *flags.shape[1:]), np.int64)
    return np.concatenate([start, flags.cumsum(0)])


def _trust(
    target: Classes, video_index: NDArray[np.int64], num_classes: int, prior: float
) -> Floats:
    num_videos = np.array(
        [len(np.unique(video_index[target == label])) for label in range(num_classes)]
    )
    return num_videos / np.maximum(num_videos + prior, 1.0)


def _macro_f1(scores: Floats, target: Classes) -> float:
    predicted = scores.argmax(1)
    return float(ConfusionCounts.of(target, predicted, scores.shape[1]).macro_f1())
