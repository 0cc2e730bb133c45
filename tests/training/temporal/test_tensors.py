from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.tasks import LabelSpaces
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.temporal.tensors import feature_moments, rows_per_second


def test_moments_are_those_of_all_rows_with_features_together(sequences):
    rows = np.concatenate(
        [sequence.features[sequence.has_feature] for sequence in sequences]
    )
    moments = feature_moments(sequences)
    np.testing.assert_allclose(moments.mean, rows.mean(0, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(moments.std, rows.std(0, dtype=float), rtol=1e-6)


def test_the_spread_of_a_constant_is_zero_and_not_a_rounding_error_below(sequences):
    constant = replace(
        sequences[0], features=np.full_like(sequences[0].features, 0.1, dtype=np.float32)
    )
    std = feature_moments([constant]).std
    assert np.isfinite(std).all()
    assert (std < 1e-7).all()


def test_labels_are_counted_where_annotated_and_seen_alone(sequences):
    counts = count_labels([each.computed_targets for each in sequences], LabelSpaces())
    classes, positive, total = np.zeros(8, int), np.zeros(12, int), np.zeros(12, int)
    for sequence in sequences:
        labels = sequence.targets
        for row in np.flatnonzero(sequence.has_feature):
            if labels.expression.valid[row]:
                classes[labels.expression.values[row]] += 1
            total += labels.action_units.valid[row]
            positive += labels.action_units.valid[row] & (
                labels.action_units.values[row] == 1
            )
    assert counts.class_counts.tolist() == classes.tolist()
    assert counts.unit_positive.tolist() == positive.tolist()
    assert counts.unit_total.tolist() == total.tolist()


def test_the_rate_of_rows_is_one_over_the_median_step(sequences):
    steps = np.concatenate(
        [np.diff(sequence.time_s[sequence.has_feature]) for sequence in sequences]
    )
    assert rows_per_second(sequences) == pytest.approx(1 / np.median(steps))
