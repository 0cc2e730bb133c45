import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wildaffect.metrics.counts import ConfusionCounts, UnitCounts

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "metrics" / "by_hand.json").read_text()
)


def exact(fractions):
    return [float(Fraction(*pair)) for pair in fractions]


classes = st.integers(1, 60).flatmap(
    lambda size: st.tuples(*[arrays(np.int64, size, elements=st.integers(0, 7))] * 2)
)
cells = st.integers(1, 30).flatmap(
    lambda size: st.tuples(
        *[arrays(np.int8, (size, 3), elements=st.integers(0, 1))] * 2,
        arrays(bool, (size, 3)),
    )
)


@pytest.mark.golden
def test_class_f1_worked_out_by_hand_is_met():
    case = GOLDEN["expression"]
    counts = ConfusionCounts.of(case["target"], case["pred"], case["num_classes"])
    np.testing.assert_allclose(counts.per_class_f1(), exact(case["f1"]), atol=1e-12)
    assert counts.macro_f1() == pytest.approx(float(Fraction(*case["macro_f1"])), abs=1e-12)


@pytest.mark.golden
def test_unit_f1_worked_out_by_hand_is_met():
    case = GOLDEN["action_units"]
    counts = UnitCounts.of(case["target"], case["pred"], valid=case["valid"])
    np.testing.assert_allclose(counts.f1(), exact(case["f1"]), atol=1e-12)
    assert counts.mean_f1() == pytest.approx(float(Fraction(*case["mean_f1"])), abs=1e-12)


@given(classes)
def test_class_f1_and_confusion_are_those_of_scikit_learn(sklearn_metrics, series):
    target, pred = series
    counts = ConfusionCounts.of(target, pred, 8)
    np.testing.assert_array_equal(
        counts.counts, sklearn_metrics.confusion_matrix(target, pred, labels=range(8))
    )
    per_class = sklearn_metrics.f1_score(
        target, pred, labels=range(8), average=None, zero_division=0
    )
    np.testing.assert_allclose(counts.per_class_f1(), per_class, atol=1e-9)
    assert counts.macro_f1() == pytest.approx(per_class.mean(), abs=1e-9)


@given(cells)
def test_unit_f1_is_that_of_scikit_learn_on_the_labeled_cells(sklearn_metrics, series):
    target, pred, valid = series
    got = UnitCounts.of(target, pred, valid=valid).f1()
    for unit in range(3):
        rows = valid[:, unit]
        if not rows.any():
            assert np.isnan(got[unit])
            continue
        wanted = sklearn_metrics.f1_score(
            target[rows, unit], pred[rows, unit], zero_division=0
        )
        assert got[unit] == pytest.approx(wanted, abs=1e-9)


def test_a_class_that_never_occurs_counts_as_0_in_the_mean():
    counts = ConfusionCounts.of([0, 1, 2], [0, 1, 2], 8)
    assert counts.macro_f1() == 3 / 8


def test_macro_f1_of_a_unit_is_that_of_scikit_learn_over_presence_and_absence(
    sklearn_metrics,
):
    target = [1, 1, 1, 0, 0, 0, 0, 1]
    pred = [1, 0, 1, 0, 0, 1, 0, 0]
    counts = UnitCounts.of(np.array([target]).T, np.array([pred]).T)
    wanted = sklearn_metrics.f1_score(target, pred, average="macro")
    assert counts.macro_f1() == pytest.approx(wanted)
    # By hand: presence 2 right, 1 false alarm, 2 missed, 4/7; absence 3, 2, 1, 6/9.
    assert counts.macro_f1() == pytest.approx((4 / 7 + 6 / 9) / 2)


def test_macro_f1_of_a_unit_counts_an_outcome_that_never_occurs_as_0():
    everything = np.ones((4, 1), int)
    assert UnitCounts.of(everything, everything).macro_f1() == 0.5
    unlabeled = np.zeros((4, 1), bool)
    assert np.isnan(UnitCounts.of(everything, everything, valid=unlabeled).macro_f1())


def test_a_unit_that_is_never_labeled_is_left_out_and_one_that_never_occurs_is_not():
    target, pred = np.array([[1, 0, 1]]), np.array([[1, 0, 0]])
    valid = np.array([[True, True, False]])
    counts = UnitCounts.of(target, pred, valid=valid)
    np.testing.assert_array_equal(counts.f1(), [1, 0, np.nan])
    assert counts.mean_f1() == 0.5
    assert counts.num_valid.tolist() == [1, 1, 0]


def test_no_rows_at_all_give_no_score():
    assert np.isnan(ConfusionCounts.of([], [], 8).macro_f1())
    assert np.isnan(UnitCounts.of(np.zeros((0, 3)), np.zeros((0, 3))).mean_f1())


@given(classes, st.randoms(use_true_random=False), st.integers(0, 60))
def test_order_splitting_and_hidden_rows_change_no_class_count(series, random, cut):
    target, pred = series
    whole = ConfusionCounts.of(target, pred, 8).counts
    order = list(range(len(target)))
    random.shuffle(order)
    shuffled = ConfusionCounts.of(target[order], pred[order], 8)
    merged = ConfusionCounts.merge(
        ConfusionCounts.of(target[:cut], pred[:cut], 8),
        ConfusionCounts.of(target[cut:], pred[cut:], 8),
    )
    longer = np.r_[target, -1], np.r_[pred, 99], np.r_[np.ones(len(target), bool), False]
    masked = ConfusionCounts.of(longer[0], longer[1], 8, valid=longer[2])
    for counts in (shuffled, merged, masked):
        np.testing.assert_array_equal(counts.counts, whole)


@given(classes, st.permutations(range(8)))
def test_renaming_the_classes_keeps_the_mean_f1(series, names):
    target, pred = series
    names = np.array(names)
    assert ConfusionCounts.of(names[target], names[pred], 8).macro_f1() == pytest.approx(
        ConfusionCounts.of(target, pred, 8).macro_f1(), abs=1e-12
    )


@given(cells, st.integers(0, 30))
def test_merged_parts_and_pooled_groups_equal_the_whole(series, cut):
    target, pred, valid = series
    whole = UnitCounts.of(target, pred, valid=valid)
    groups = (np.arange(len(target)) >= cut).astype(int)
    by_group = UnitCounts.by_group(target, pred, groups, num_groups=3, valid=valid)
    merged = UnitCounts.merge(
        UnitCounts.of(target[:cut], pred[:cut], valid=valid[:cut]),
        UnitCounts.of(target[cut:], pred[cut:], valid=valid[cut:]),
    )
    for counts in (merged, by_group.pooled(), by_group.pooled([1, 1, 1])):
        np.testing.assert_array_equal(counts.f1(), whole.f1())
        np.testing.assert_array_equal(counts.num_valid, whole.num_valid)


@given(cells, st.permutations(range(3)))
def test_reordering_the_units_reorders_their_f1(series, order):
    target, pred, valid = (column[:, order] for column in series)
    np.testing.assert_array_equal(
        UnitCounts.of(target, pred, valid=valid).f1(),
        UnitCounts.of(series[0], series[1], valid=series[2]).f1()[order],
    )


@pytest.mark.parametrize(
    ("target", "pred", "message"),
    [
        ([0, 8], [0, 0], r"target must be a whole number in \[0, 8\) where valid, got 8"),
        ([0, 1], [0, -1], r"pred must be a whole number in \[0, 8\) where valid, got -1"),
        ([0, 1], [0, 0.5], r"pred must be a whole number in \[0, 8\) where valid, got 0.5"),
    ],
)
def test_a_number_that_is_no_class_is_refused(target, pred, message):
    with pytest.raises(ValueError, match=message):
        ConfusionCounts.of(target, pred, 8)


def test_probabilities_and_single_columns_are_refused_as_occurrences():
    with pytest.raises(ValueError, match=r"pred must be a whole number in \[0, 2\)"):
        UnitCounts.of([[1]], [[0.7]])
    with pytest.raises(ValueError, match=r"target must have shape \(N, K\), got \(1,\)"):
        UnitCounts.of([1], [1])
