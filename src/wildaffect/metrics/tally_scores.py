"""The official scores, from the sums of videos, for one or many weightings of them.

Names of scores: `valence.ccc`, `valence.pcc`, `valence.mse`, the same of `arousal`,
`va.mean_ccc`; `expression.f1.<class>`, `expression.macro_f1`, `expression.accuracy`;
`action_units.f1.<unit>`, `action_units.macro_f1`; `p_mtl`.

Symbols: G groups, B weightings of them, C classes, K action units.

Source: definitions of the ABAW challenges. Multi-task: P_MTL = mean CCC of valence and
arousal + mean F1 of 8 expressions + mean F1 of 12 action units. Single tracks: each of the
three terms alone.
"""

import numpy as np
from numpy.typing import NDArray

from wildaffect.metrics.classification import f1_of_confusion, f1_of_units
from wildaffect.metrics.moments import Floats, Moments, weigh
from wildaffect.metrics.regression import ccc_of, mse_of, pcc_of
from wildaffect.metrics.tally import Tally

MEAN_CCC = "va.mean_ccc"
EXPRESSION_F1 = "expression.macro_f1"
ACTION_UNIT_F1 = "action_units.macro_f1"
P_MTL = "p_mtl"


def score(tally: Tally, weights: Floats | None = None) -> dict[str, Floats]:
    """Return every score by name, each of shape (B,).

    A term without a single valid frame is NaN. A CCC that is 0/0 is NaN and is left out of
    the mean of the two; any other NaN term makes P_MTL NaN.

    Args:
        tally: Sums of G groups.
        weights: How often each group counts, shape (B, G); once each if not given, which
            pools all frames (B = 1).
    """
    if weights is None:
        weights = np.ones((1, len(tally)))
    scores = _value_scores("valence", weigh(tally.valence, weights))
    scores |= _value_scores("arousal", weigh(tally.arousal, weights))
    scores[MEAN_CCC] = _mean_of_two(scores["valence.ccc"], scores["arousal.ccc"])
    scores |= _expression_scores(tally, weights)
    scores |= _unit_scores(tally, weights)
    scores[P_MTL] = scores[MEAN_CCC] + scores[EXPRESSION_F1] + scores[ACTION_UNIT_F1]
    return scores


def pooled(tally: Tally) -> dict[str, float]:
    """Return every score over all frames of all groups."""
    return {name: float(values[0]) for name, values in score(tally).items()}


def _value_scores(task: str, moments: Moments) -> dict[str, Floats]:
    return {
        f"{task}.ccc": ccc_of(moments),
        f"{task}.pcc": pcc_of(moments),
        f"{task}.mse": mse_of(moments),
    }


def _mean_of_two(first: Floats, second: Floats) -> Floats:
    mean = (first + second) / 2
    mean = np.where(np.isnan(first), second, mean)
    return np.where(np.isnan(second), first, mean)


def _expression_scores(tally: Tally, weights: Floats) -> dict[str, Floats]:
    confusion = _sum(tally.confusion, weights)  # (B, C, C + 1)
    per_class = f1_of_confusion(confusion)
    total = confusion.sum(axis=(1, 2))
    hits = np.trace(confusion[:, :, :-1], axis1=1, axis2=2)
    labels = tally.spaces.expressions.labels
    scores = {
        f"expression.f1.{label}": _where_any(per_class[:, index], total)
        for index, label in enumerate(labels)
    }
    scores[EXPRESSION_F1] = _where_any(per_class.mean(axis=1), total)
    scores["expression.accuracy"] = _where_any(hits / np.maximum(total, 1), total)
    return scores


def _unit_scores(tally: Tally, weights: Floats) -> dict[str, Floats]:
    counts = _sum(tally.units, weights)  # (B, K, 2, 2)
    per_unit = f1_of_units(counts)
    total = counts.sum(axis=(1, 2, 3))
    labels = tally.spaces.action_units.labels
    scores = {
        f"action_units.f1.{label}": _where_any(per_unit[:, index], total)
        for index, label in enumerate(labels)
    }
    scores[ACTION_UNIT_F1] = _where_any(per_unit.mean(axis=1), total)
    return scores


def _sum(counts: NDArray[np.int64], weights: Floats) -> Floats:
    flat = weights @ counts.reshape(len(counts), -1).astype(np.float64)
    return flat.reshape(len(weights), *counts.shape[1:])


def _where_any(values: Floats, total: Floats) -> Floats:
    return np.where(total > 0, values, np.nan)
