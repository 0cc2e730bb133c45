"""Label frequencies of the training rows, for losses weighted by them."""

from collections.abc import Sequence

import numpy as np

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.losses.statistics import LabelStatistics


def count_labels(
    sequences: Sequence[FrameSequence], spaces: LabelSpaces
) -> LabelStatistics:
    """Return the label counts over rows that have features."""
    classes = np.zeros(len(spaces.expressions), np.int64)
    positive = np.zeros(len(spaces.action_units), np.int64)
    total = np.zeros_like(positive)
    for sequence in sequences:
        targets = sequence.targets.take_columns(sequence.computed_rows)
        named, units = targets.expression, targets.action_units
        classes += np.bincount(named.values[named.valid], minlength=len(classes))
        positive += (units.values * units.valid).sum(0)
        total += units.valid.sum(0)
    return LabelStatistics(class_counts=classes, unit_positive=positive, unit_total=total)
