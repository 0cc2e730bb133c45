"""Soft labels count by their shares, in losses weighted by frequency and in sampling."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.columns import TaskColumn, empty_columns
from wildaffect.core.tasks import LabelSpaces
from wildaffect.losses.statistics import class_priors, class_weights
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.core.sampling import class_weights as sampling_weights

SPACES = LabelSpaces()


def labels(classes, shares):
    """Rows with a class, then rows with soft labels alone, then one without a label."""
    num_rows, first = len(classes) + len(shares) + 1, len(classes)
    columns = empty_columns(num_rows, SPACES)
    columns.expression.values[:first] = classes
    columns.expression.valid[:first] = True
    soft = TaskColumn.empty((num_rows, 8), np.float32)
    for row, named in enumerate(shares, start=first):
        soft.values[row, list(named)] = list(named.values())
        soft.valid[row] = True
    return replace(columns, expression_shares=soft)


def test_rows_with_soft_labels_alone_count_by_their_shares():
    given = labels([0, 0, 4], [{4: 0.5, 5: 0.5}, {5: 0.75, 0: 0.25}])
    counts = count_labels([given, given], SPACES)
    assert counts.class_counts.tolist() == [4.5, 0, 0, 0, 3, 2.5, 0, 0]


def test_a_soft_label_counts_instead_of_the_class_with_the_most_votes():
    given = labels([], [{4: 0.6, 5: 0.4}])
    given.expression.values[0], given.expression.valid[0] = 4, True
    assert count_labels([given], SPACES).class_counts[[4, 5]] == pytest.approx([0.6, 0.4])


def test_classes_that_soft_labels_alone_name_are_no_rare_classes():
    many = labels([0] * 10, [{4: 0.5, 5: 0.5}] * 100)
    statistics = count_labels([many], SPACES)
    assert class_priors(statistics)[[0, 4, 5]] == pytest.approx(
        np.array([11, 51, 51]) / 118
    )
    weights = class_weights(statistics, "inverse")
    assert weights[4] == pytest.approx(weights[0] * 11 / 51)


def test_balanced_sampling_draws_every_class_alike_by_shares():
    shares = labels([0] * 10, [{4: 0.5, 5: 0.5}] * 4 + [{5: 0.25, 0: 0.75}]).class_shares(8)
    weights = sampling_weights(shares, 1.0)
    counts = np.array([10.75, 2, 2.25])
    expected = [
        1 / counts[0],
        (1 / counts[1:]).sum() / 2,
        0.25 / counts[2] + 0.75 / counts[0],
    ]
    assert weights[[0, 10, 14]] / weights[0] == pytest.approx(
        np.array(expected) / expected[0]
    )
    # A row without an expression has the mean weight of the others.
    assert weights[-1] == pytest.approx(weights[:-1].mean())
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(sampling_weights(shares, 0.0), 1 / 16)
