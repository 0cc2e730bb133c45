"""Labels as tensors: what a loss is given."""

from dataclasses import replace

import numpy as np
import torch

from wildaffect.core.columns import TaskColumn, empty_columns
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.training.core.targets import to_targets

CPU = torch.device("cpu")


def test_soft_labels_replace_classes_and_other_rows_keep_theirs():
    columns = empty_columns(3, LabelSpaces())
    columns.expression.values[:] = [4, 1, 2]
    columns.expression.valid[:] = [True, True, False]
    shares = TaskColumn.empty((3, 8), np.float32)
    shares.values[1, [1, 5]] = [0.6, 0.4]
    shares.valid[1] = True
    targets, valid = to_targets(
        replace(columns, expression_shares=shares), CPU, LabelSpaces()
    )
    found = targets[Task.EXPRESSION]
    assert found[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    torch.testing.assert_close(found[1, [1, 5]], torch.tensor([0.6, 0.4]))
    assert valid[Task.EXPRESSION].tolist() == [True, True, False]


def test_a_tie_of_votes_has_no_class_and_is_learned_all_the_same():
    columns = empty_columns(1, LabelSpaces())
    shares = TaskColumn(np.zeros((1, 8), np.float32), np.ones((1, 8), bool))
    shares.values[0, :2] = 0.5
    _, valid = to_targets(replace(columns, expression_shares=shares), CPU, LabelSpaces())
    assert valid[Task.EXPRESSION].tolist() == [True]


def test_without_soft_labels_expressions_are_classes():
    targets, _ = to_targets(empty_columns(2, LabelSpaces()), CPU, LabelSpaces())
    assert targets[Task.EXPRESSION].dtype == torch.int64
    assert targets[Task.EXPRESSION].shape == (2,)


def test_numbers_become_positions_on_their_scales():
    scales = (Scale(label="pain", low=0, high=10), Scale(label="joy", low=-1, high=3))
    spaces = LabelSpaces(dimensions=ScaleSpace(name="own", scales=scales))
    columns = empty_columns(2, spaces)
    columns.dimensions.values[:] = [[0, 3], [7.5, 1]]
    columns.dimensions.valid[0] = True
    targets, valid = to_targets(columns, CPU, spaces)
    assert targets[Task.DIMENSIONS].tolist() == [[-1, 1], [0.5, 0]]
    assert valid[Task.DIMENSIONS].tolist() == [[True, True], [False, False]]
    assert Task.INTENSITIES not in targets
