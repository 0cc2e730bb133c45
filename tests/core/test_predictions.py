from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.columns import TaskColumn
from wildaffect.core.predictions import Predictions


def full(values):
    return TaskColumn(np.array(values), np.ones(np.shape(values), bool))


def predictions(rows=3):
    on, units = np.ones(rows, bool), np.zeros((rows, 12), int)
    return Predictions(
        valence=TaskColumn(np.zeros(rows), on),
        arousal=TaskColumn(np.zeros(rows), on),
        expression=TaskColumn(np.zeros(rows, int), on),
        action_units=full(units),
    )


def test_length_is_the_number_of_rows_and_nothing_is_tuned_by_default():
    record = predictions(5)
    assert len(record) == 5
    assert record.tuned_on == ()
    assert record.expression_probs is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arousal": full(np.zeros(2))}, r"arousal must have shape \(3,\), got \(2,\)"),
        (
            {"action_units": full(np.zeros((3, 8), int))},
            r"action_units must have shape \(3, 12\), got \(3, 8\)",
        ),
        (
            {"expression_probs": np.zeros((3, 7))},
            r"expression_probs must have shape \(3, 8\), got \(3, 7\)",
        ),
        (
            {"valence": full([0, np.nan, 0])},
            "valence must be finite where it is valid, got nan",
        ),
        (
            {"expression": full([0, 8, 1])},
            r"expression must lie in \[0, 8\) where it is valid, got 8",
        ),
        (
            {"action_units": full(np.full((3, 12), -1))},
            r"action_units must lie in \[0, 2\) where it is valid, got -1",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_rule(change, message):
    with pytest.raises(ValueError, match=f"predictions: {message}"):
        replace(predictions(), **change)


def test_values_that_are_not_valid_are_never_read():
    off = np.zeros(3, bool)
    replace(
        predictions(),
        valence=TaskColumn(np.full(3, np.nan), off),
        expression=TaskColumn(np.full(3, -1), off),
    )


def test_values_beyond_the_scale_are_kept_as_they_are():
    assert replace(predictions(), valence=full([1.4] * 3)).valence.values[0] == 1.4
