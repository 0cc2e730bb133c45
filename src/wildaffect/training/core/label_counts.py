"""Label frequencies of training rows, for losses weighted by them."""

from collections.abc import Iterable

import numpy as np

from wildaffect.core.columns import TaskColumns
from wildaffect.core.tasks import LabelSpaces
from wildaffect.losses.statistics import LabelStatistics


def count_labels(parts: Iterable[TaskColumns], spaces: LabelSpaces) -> LabelStatistics:
    """Return the label counts over all rows of all parts; soft labels count by shares."""
    classes = np.zeros(len(spaces.expressions))
    positive = np.zeros(len(spaces.action_units), np.int64)
    total = np.zeros_like(positive)
    for labels in parts:
        shares, units = labels.class_shares(len(classes)), labels.action_units
        classes += (shares.values * shares.valid).sum(0, dtype=np.float64)
        positive += (units.values * units.valid).sum(0)
        total += units.valid.sum(0)
    return LabelStatistics(class_counts=classes, unit_positive=positive, unit_total=total)
