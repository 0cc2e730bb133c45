"""Scores of one system on one set of photographs, and intervals over people.

Photographs of one person resemble each other, so people are drawn with replacement.
Symbols: N photographs, P people, C classes, K action units, B bins, R resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from real_faces_ordering import Ordering, mean, ratio
from real_faces_sets import EXPRESSIONS, NAN, ImageSet

from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.bootstrap import Interval, bootstrap_interval
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts

Floats = NDArray[np.float64]
NUM_CLASSES = len(EXPRESSIONS)
OTHER = NUM_CLASSES
"""Column of the confusions for every prediction that is none of the classes."""
NUM_BINS = 10
"""Number of equal bins for the calibration error of the predicted class."""
NEGATIVE = ("Anger", "Disgust", "Fear", "Sadness")
ACTIVE, CALM = ("Anger", "Fear", "Surprise"), ("Neutral", "Sadness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a system says of the largest face of one photograph."""

    num_faces: int = 0
    is_scored: bool = False
    """True if something was predicted (status `ok`)."""
    expression: str | None = None
    confidence: float = NAN
    """Probability of that class."""
    valence: float = NAN
    arousal: float = NAN
    unit_probs: dict[str, float] = field(default_factory=dict)
    units: dict[str, bool] = field(default_factory=dict)
    """True where a predicted action unit counts as present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStatistics:
    """What each person adds to every score; all arrays lead with the axis P."""

    num_images: Floats
    num_found: Floats
    num_scored: Floats
    num_labeled: Floats
    """Photographs of each class, scored or not, (P, C)."""
    confusion: ConfusionCounts
    """Confusions of scored photographs; C + 1 classes, the last for other predictions."""
    bins: Floats
    """Count, sum of confidences, number right of each bin, (P, B, 3)."""
    valence_order: Ordering
    """Happiness over `NEGATIVE`."""
    arousal_order: Ordering
    """`ACTIVE` over `CALM`."""
    valence: AgreementSums
    arousal: AgreementSums
    unit_names: tuple[str, ...]
    """Units that are annotated, occur, and are predicted: K."""
    units: UnitCounts
    unit_orders: tuple[Ordering, ...]

    @classmethod
    def of(cls, images: ImageSet, predictions: Sequence[Prediction]) -> "PersonStatistics":
        """Return the statistics of predictions for the photographs, in their order."""
        truth, predicted = _Columns(images.images), _Columns(predictions)
        names, person = np.unique(truth.get("person"), return_inverse=True)
        num = len(names)
        scored = predicted.get("is_scored").astype(bool)
        target, pred = _codes(truth.get("expression")), _codes(predicted.get("expression"))
        labeled = target < NUM_CLASSES
        units = _unit_names(images, predictions)
        unit_truth = _table([image.units for image in images.images], units)
        unit_said = _table([prediction.units for prediction in predictions], units)
        unit_probs = _table([prediction.unit_probs for prediction in predictions], units)
        is_in = {
            group: np.isin(target, [EXPRESSIONS.index(name) for name in group])
            for group in (("Happiness",), NEGATIVE, ACTIVE, CALM)
        }

        def order(name: str, high: tuple[str, ...], low: tuple[str, ...]) -> Ordering:
            return Ordering.of(predicted.floats(name), is_in[high], is_in[low], person, num)

        def agreement(name: str) -> AgreementSums:
            values, said_values = truth.floats(name), predicted.floats(name)
            valid = ~np.isnan(values) & ~np.isnan(said_values)
            return AgreementSums.by_group(
                values, said_values, person, num_groups=num, valid=valid
            )

        return cls(
            num_images=_sums(np.ones(len(person)), person, num),
            num_found=_sums(predicted.floats("num_faces") > 0, person, num),
            num_scored=_sums(scored, person, num),
            num_labeled=_sums(np.eye(NUM_CLASSES + 1)[target][:, :-1], person, num),
            confusion=ConfusionCounts.by_group(
                target,
                pred,
                person,
                num_classes=NUM_CLASSES + 1,
                num_groups=num,
                valid=scored & labeled & _has_expression(predictions),
            ),
            bins=_bins(
                predicted.floats("confidence"), target == pred, labeled, person, num
            ),
            valence_order=order("valence", ("Happiness",), NEGATIVE),
            arousal_order=order("arousal", ACTIVE, CALM),
            valence=agreement("valence"),
            arousal=agreement("arousal"),
            unit_names=units,
            units=UnitCounts.by_group(
                np.nan_to_num(unit_truth).astype(int),
                np.nan_to_num(unit_said).astype(int),
                person,
                num_groups=num,
                valid=~np.isnan(unit_truth) & ~np.isnan(unit_said),
            ),
            unit_orders=tuple(
                Ordering.of(unit_probs[:, k], column == 1, column == 0, person, num)
                for k, column in enumerate(unit_truth.T)
            ),
        )

    def __len__(self) -> int:
        return len(self.num_images)

    def pooled(self, weights: ArrayLike | None = None) -> dict[str, Floats]:
        """Return every score by name, shape () or (R,) for weights (R, P)."""
        drawn = np.ones((1, len(self))) if weights is None else np.atleast_2d(weights)
        counts = self.confusion.pooled(drawn.astype(np.int64)).counts
        hits = np.diagonal(counts, axis1=-2, axis2=-1)[..., :-1]
        labeled, scored = drawn @ self.num_labeled, counts[..., :-1, :].sum(-1)
        predicted = counts.sum(-2)[..., :-1]
        num_images = drawn @ self.num_images
        units = self.units.pooled(drawn.astype(np.int64))
        unit_f1 = ratio(
            2 * units.true_positives,
            2 * units.true_positives + units.false_positives + units.false_negatives,
        )
        unit_auc = [unit_order.auc(drawn) for unit_order in self.unit_orders]
        bins = np.einsum("rp,pbi->irb", drawn, self.bins)
        scores = {
            "found": ratio(drawn @ self.num_found, num_images),
            "scored": ratio(drawn @ self.num_scored, num_images),
            "balanced accuracy": mean(ratio(hits, scored)),
            "balanced accuracy, all": _present(mean(ratio(hits, labeled)), scored.sum(-1)),
            "macro F1": mean(_present(ratio(2 * hits, scored + predicted), scored)),
            "ECE": ratio(np.abs(bins[1] - bins[2]).sum(-1), bins[0].sum(-1)),
            "valence AUC": self.valence_order.auc(drawn),
            "arousal AUC": self.arousal_order.auc(drawn),
            "valence CCC": self.valence.pooled(drawn.astype(np.int64)).ccc(),
            "arousal CCC": self.arousal.pooled(drawn.astype(np.int64)).ccc(),
            "AU F1": mean(unit_f1),
            "AU AUC": mean(np.stack(unit_auc, -1)) if unit_auc else _undefined(drawn),
        }
        for k, name in enumerate(self.unit_names):
            scores[f"{name} F1"], scores[f"{name} AUC"] = unit_f1[:, k], unit_auc[k]
        if weights is None:
            return {name: value[0] for name, value in scores.items()}
        return scores


def intervals(
    statistics: PersonStatistics, *, num_resamples: int, seed: int = 0
) -> dict[str, Interval]:
    """Return every score with its 95 % interval over people, on the same draws."""
    names = tuple(statistics.pooled())

    def at_once(scores: dict[str, Floats]) -> Floats:
        return np.stack([scores[name] for name in names], -1)

    found = bootstrap_interval(statistics, at_once, num_resamples=num_resamples, seed=seed)
    return {
        name: Interval(
            value=found.value[i],
            low=found.low[i],
            high=found.high[i],
            level=found.level,
            num_resamples=found.num_resamples,
            num_undefined=found.num_undefined[i],
            num_videos=found.num_videos,
        )
        for i, name in enumerate(names)
    }


class _Columns:
    """Attributes of records as arrays."""

    def __init__(self, records: Sequence[object]) -> None:
        self._records = records

    def get(self, name: str) -> NDArray[np.object_]:
        return np.array([getattr(record, name) for record in self._records], object)

    def floats(self, name: str) -> Floats:
        return self.get(name).astype(float)


def _has_expression(predictions: Sequence[Prediction]) -> NDArray[np.bool_]:
    return np.array([prediction.expression is not None for prediction in predictions], bool)


def _codes(names: NDArray[np.object_]) -> NDArray[np.int64]:
    place = {name: code for code, name in enumerate(EXPRESSIONS)}
    return np.array([place.get(name, OTHER) for name in names], np.int64)


def _unit_names(images: ImageSet, predictions: Sequence[Prediction]) -> tuple[str, ...]:
    predicted = {unit for prediction in predictions for unit in prediction.units}
    occurs = {unit for image in images.images for unit, on in image.units.items() if on}
    return tuple(unit for unit in images.units if unit in predicted & occurs)


def _table(rows: Sequence[dict[str, float]], names: tuple[str, ...]) -> Floats:
    cells = [[row.get(name, NAN) for name in names] for row in rows]
    return np.array(cells, float).reshape(len(rows), len(names))


def _bins(
    confidence: Floats,
    right: NDArray[np.bool_],
    labeled: NDArray[np.bool_],
    person: NDArray[np.int64],
    num: int,
) -> Floats:
    """Return count, confidences and hits by person and bin; rows without are left out."""
    at = np.flatnonzero(~np.isnan(confidence) & labeled)
    place = np.minimum((confidence[at] * NUM_BINS).astype(int), NUM_BINS - 1)
    bins = np.zeros((num, NUM_BINS, 3))
    cells = np.stack([np.ones(len(at)), confidence[at], right[at]], -1)
    np.add.at(bins, (person[at], place), cells)
    return bins


def _sums(values: ArrayLike, person: NDArray[np.int64], num: int) -> Floats:
    values = np.asarray(values, float)
    total = np.zeros((num, *values.shape[1:]))
    np.add.at(total, person, values)
    return total


def _present(values: Floats, counts: ArrayLike) -> Floats:
    return np.where(np.asarray(counts) > 0, values, np.nan)


def _undefined(drawn: Floats) -> Floats:
    return np.full(len(drawn), np.nan)
