from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.columns import (
    TaskColumn,
    concatenate,
    empty_columns,
    masked,
    shape_problems,
)
from wildaffect.core.tasks import LabelSpaces, Task


def test_a_mask_of_another_shape_or_type_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2,\) as its values, got bool of shape"):
        TaskColumn(np.zeros(2), np.ones(3, bool))
    with pytest.raises(ValueError, match="got float64 of shape"):
        TaskColumn(np.zeros(2), np.ones(2))


def test_nan_becomes_a_masked_zero():
    column = masked(np.array([0.5, np.nan]))
    assert column.values.tolist() == [0.5, 0]
    assert column.valid.tolist() == [True, False]


def test_rows_differ_in_a_value_that_is_valid_or_in_what_is_valid():
    valid = np.array([[True, False], [True, True], [True, False], [True, False]])
    values = np.array([[1, 0], [0, 0], [1, 0], [1, 0]])
    other = TaskColumn(
        np.array([[1, 9], [0, 1], [1, 0], [0, 0]]),
        np.array([[True, False], [True, True], [True, True], [True, False]]),
    )
    assert TaskColumn(values, valid).differs(other).tolist() == [False, True, True, True]


def test_rows_are_taken_and_joined_with_their_masks():
    columns = empty_columns(3, LabelSpaces())
    columns.valence.values[:] = [0.1, 0.2, 0.3]
    columns.valence.valid[1] = True
    columns.action_units.valid[2, 4] = True
    joined = concatenate([columns.take_columns(np.array([2, 1])), columns])
    assert len(joined) == 5
    assert joined[Task.VALENCE].values.tolist() == pytest.approx([0.3, 0.2, 0.1, 0.2, 0.3])
    assert joined.valence.valid.tolist() == [False, True, False, True, False]
    assert joined.action_units.valid_rows.tolist() == [True, False, False, False, True]


def test_a_soft_label_alone_is_a_label_and_a_class_is_a_distribution():
    columns = empty_columns(3, LabelSpaces())
    columns.expression.values[0], columns.expression.valid[0] = 4, True
    columns.valence.valid[2] = True
    assert columns.labeled(Task.EXPRESSION).tolist() == [True, False, False]
    shares = TaskColumn.empty((3, 8), np.float32)
    shares.values[1, :2], shares.valid[1] = 0.5, True
    columns = replace(columns, expression_shares=shares)
    assert columns.labeled(Task.EXPRESSION).tolist() == [True, True, False]
    assert columns.labeled(Task.VALENCE).tolist() == [False, False, True]
    found = columns.class_shares(8)
    assert found.values[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert found.values[1].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0, 0]
    assert found.valid.all(axis=1).tolist() == [True, True, False]
    assert found.valid.any(axis=1).tolist() == [True, True, False]


def test_soft_labels_are_taken_and_joined_with_rows_that_have_none():
    hard = empty_columns(2, LabelSpaces())
    shares = TaskColumn(np.full((1, 8), 1 / 8, np.float32), np.ones((1, 8), bool))
    soft = replace(empty_columns(1, LabelSpaces()), expression_shares=shares)
    joined = concatenate([hard, soft]).take_columns(np.array([2, 0]))
    assert joined.expression_shares.valid_rows.tolist() == [True, False]
    assert concatenate([hard, hard]).expression_shares is None
    assert not list(shape_problems(joined, LabelSpaces()))
    of_six = replace(soft, expression_shares=shares.take(np.array([0, 0])))
    (problem,) = shape_problems(of_six, LabelSpaces())
    assert problem == "expression_shares must have shape (1, 8), got (2, 8)"
