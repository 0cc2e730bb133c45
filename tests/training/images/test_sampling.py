import numpy as np
import pytest

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import UsageError
from wildaffect.training.core.sampling import (
    BalancedClasses,
    BalancedVideos,
    class_weights,
    video_weights,
)
from wildaffect.training.images.sampling import StepRows


def one_hot(classes, valid):
    """The distribution of each image over two classes, all on its own."""
    shares = np.eye(2, dtype=np.float32)[classes]
    return TaskColumn(shares, np.repeat(valid[:, None], 2, axis=1))


def test_an_epoch_takes_each_image_once():
    rows = StepRows(12, 4, seed=1)
    assert rows.steps_per_epoch == 3
    drawn = np.concatenate([rows(step) for step in range(3)])
    assert sorted(drawn) == list(range(12))


def test_the_next_epoch_has_another_order():
    rows = StepRows(40, 40, seed=1)
    assert not np.array_equal(rows(0), rows(1))


@pytest.mark.parametrize("weights", [None, np.full(30, 1 / 30)], ids=["every", "drawn"])
def test_the_number_of_a_step_alone_decides(weights):
    walked = StepRows(30, 8, seed=3, weights=weights)
    before = [walked(step) for step in range(9)]
    jumped = StepRows(30, 8, seed=3, weights=weights)
    assert np.array_equal(jumped(8), before[8])
    assert np.array_equal(jumped(2), before[2])


def test_another_seed_draws_other_images():
    assert not np.array_equal(StepRows(50, 20, seed=0)(0), StepRows(50, 20, seed=1)(0))


def test_a_batch_larger_than_the_set_goes_through_it_again():
    rows = StepRows(3, 8, seed=0)
    assert rows.steps_per_epoch == 1
    assert set(np.bincount(rows(0), minlength=3)) <= {2, 3}


def test_full_balance_draws_every_class_as_often():
    expression = np.array([0] * 90 + [1] * 10)
    weights = class_weights(one_hot(expression, np.ones(100, bool)), power=1.0)
    assert weights[:90].sum() == pytest.approx(0.5)
    assert weights.sum() == pytest.approx(1.0)


def test_no_balance_draws_images_as_they_come():
    expression = np.array([0] * 90 + [1] * 10)
    weights = class_weights(one_hot(expression, np.ones(100, bool)), power=0.0)
    np.testing.assert_allclose(weights, 0.01)


def test_an_image_without_expression_weighs_as_the_mean_of_the_others():
    valid = np.array([True, True, True, False])
    weights = class_weights(one_hot(np.array([0, 0, 1, 0]), valid), power=1.0)
    assert weights[3] == pytest.approx(weights[:3].mean())


def test_classes_cannot_be_balanced_without_any_expression():
    with pytest.raises(UsageError, match="balanced-classes needs rows with an expression"):
        class_weights(one_hot(np.zeros(4, np.int64), np.zeros(4, bool)), power=1.0)


def test_a_power_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match=r"sampling: power must be in \[0, 1\], got 2"):
        BalancedClasses(power=2)
    with pytest.raises(ValueError, match=r"sampling: power must be in \[0, 1\], got -1"):
        BalancedVideos(power=-1)


def test_full_balance_draws_every_video_as_often():
    weights = video_weights(np.array([0] * 90 + [1] * 10), power=1.0)
    assert weights[:90].sum() == pytest.approx(0.5)
    half = video_weights(np.array([0] * 90 + [1] * 10), power=0.5)
    assert half[:90].sum() == pytest.approx(0.75)  # sqrt(90) to sqrt(10)
    np.testing.assert_allclose(video_weights(np.array([0, 0, 0, 1]), 0.0), 0.25)
