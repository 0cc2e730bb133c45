import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wildaffect.metrics.agreement import (
    AgreementSums,
    concordance_correlation,
    mean_squared_error,
    pearson_correlation,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "metrics" / "by_hand.json").read_text()
)
VALUES = st.floats(-1, 1, width=32)


def formula(target, pred):
    """Lin's definition, straight from the page, in float64."""
    t, p = np.asarray(target, np.float64), np.asarray(pred, np.float64)
    covariance = np.mean((t - t.mean()) * (p - p.mean()))
    return 2 * covariance / (t.var() + p.var() + (t.mean() - p.mean()) ** 2)


def pair(size):
    return st.tuples(
        arrays(np.float32, size, elements=VALUES), arrays(np.float32, size, elements=VALUES)
    )


pairs = st.integers(2, 40).flatmap(pair)


def spread(values):
    return np.asarray(values, np.float64).std() > 1e-3


@pytest.mark.golden
@pytest.mark.parametrize("case", GOLDEN["agreement"], ids=lambda case: case["name"])
def test_values_worked_out_by_hand_are_met(case):
    assert GOLDEN["origin"].startswith("Worked out with pencil and fractions")
    pcc = float("nan") if case["pcc"] is None else Fraction(*case["pcc"])
    got = [
        measure(case["target"], case["pred"])
        for measure in (concordance_correlation, pearson_correlation, mean_squared_error)
    ]
    wanted = [float(Fraction(*case["ccc"])), float(pcc), float(Fraction(*case["mse"]))]
    np.testing.assert_allclose(got, wanted, atol=1e-12)


@pytest.mark.parametrize("size", [2, 5, 27_000])
@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_values_are_those_of_other_implementations(sklearn_metrics, size, shift):
    rng = np.random.default_rng(size)
    target = rng.normal(0.2, 0.4, size) + shift
    pred = 0.6 * target + rng.normal(0, 0.3, size) + 0.4 * shift
    assert concordance_correlation(target, pred) == pytest.approx(
        formula(target, pred), abs=1e-9
    )
    assert pearson_correlation(target, pred) == pytest.approx(
        np.corrcoef(target, pred)[0, 1], abs=1e-9
    )
    assert mean_squared_error(target, pred) == pytest.approx(
        sklearn_metrics.mean_squared_error(target, pred), abs=1e-9
    )


@pytest.mark.parametrize("constant", [0.0, 0.1, -1 / 3, np.float32(0.7)])
def test_a_constant_prediction_has_concordance_0_and_no_correlation(constant):
    target = np.random.default_rng(0).uniform(-1, 1, 1001)
    pred = np.full(1001, constant)
    assert concordance_correlation(target, pred) == 0
    assert concordance_correlation(pred, target) == 0
    assert np.isnan(pearson_correlation(target, pred))


@pytest.mark.parametrize("constant", [0.0, 0.1, -1 / 3])
def test_two_equal_constants_have_no_concordance(constant):
    assert np.isnan(concordance_correlation(np.full(999, constant), np.full(999, constant)))


def test_two_different_constants_have_concordance_0():
    assert concordance_correlation(np.full(9, 0.1), np.full(9, 0.3)) == 0


@pytest.mark.parametrize("size", [0, 1])
def test_fewer_than_two_rows_give_no_correlation(size):
    assert np.isnan(concordance_correlation(np.zeros(size), np.ones(size)))
    assert np.isnan(pearson_correlation(np.zeros(size), np.ones(size)))
    mse = mean_squared_error(np.zeros(size), np.ones(size))
    assert np.isnan(mse) if size == 0 else mse == 1


@given(pairs)
def test_concordance_is_at_most_correlation_and_both_lie_within_one(series):
    target, pred = series
    assume(spread(target) and spread(pred))
    ccc, pcc = concordance_correlation(target, pred), pearson_correlation(target, pred)
    assert abs(ccc) <= abs(pcc) + 1e-12 <= 1 + 1e-12


@given(pairs)
def test_concordance_does_not_care_which_series_is_the_truth(series):
    target, pred = series
    assume(spread(target) or spread(pred))
    assert concordance_correlation(target, pred) == pytest.approx(
        concordance_correlation(pred, target), abs=1e-12
    )


@given(pairs)
def test_the_truth_itself_scores_1_and_its_mirror_about_the_mean_scores_minus_1(series):
    target = series[0].astype(np.float64)
    assume(spread(target))
    assert concordance_correlation(target, target) == pytest.approx(1, abs=1e-12)
    mirrored = 2 * target.mean() - target
    assert concordance_correlation(target, mirrored) == pytest.approx(-1, abs=1e-9)
    assert pearson_correlation(target, -target) == pytest.approx(-1, abs=1e-12)
    assert mean_squared_error(target, target) == 0


@given(pairs, st.floats(0.1, 5), st.floats(-3, 3))
def test_correlation_ignores_scale_and_shift_of_the_prediction(series, scale, shift):
    target, pred = series[0].astype(np.float64), series[1].astype(np.float64)
    assume(spread(target) and spread(pred))
    assert pearson_correlation(target, scale * pred + shift) == pytest.approx(
        pearson_correlation(target, pred), abs=1e-9
    )


@given(pairs, st.floats(0.1, 5), st.floats(-3, 3))
def test_concordance_ignores_a_scale_and_shift_that_both_series_share(series, scale, shift):
    target, pred = series[0].astype(np.float64), series[1].astype(np.float64)
    assume(spread(target) and spread(pred))
    assert concordance_correlation(
        scale * target + shift, scale * pred + shift
    ) == pytest.approx(concordance_correlation(target, pred), abs=1e-9)


@given(pairs, st.randoms(use_true_random=False))
def test_order_changes_nothing(series, random):
    target, pred = series
    assume(spread(target) or spread(pred))
    order = list(range(len(target)))
    random.shuffle(order)
    assert concordance_correlation(target[order], pred[order]) == pytest.approx(
        concordance_correlation(target, pred), abs=1e-9
    )


@given(pairs, st.data())
def test_rows_that_are_not_valid_change_nothing_even_where_they_are_nan(series, data):
    target, pred = series
    valid = data.draw(arrays(bool, len(target)))
    hidden_target = np.where(valid, target, np.nan)
    hidden_pred = np.where(valid, pred, np.inf)
    for measure in (concordance_correlation, pearson_correlation, mean_squared_error):
        np.testing.assert_equal(
            measure(hidden_target, hidden_pred, valid=valid),
            measure(target[valid], pred[valid]),
        )


@given(pairs, st.integers(0, 40), st.sampled_from([0.0, 50.0]))
def test_merged_parts_and_pooled_groups_equal_the_whole(series, cut, jump):
    target, pred = series[0].astype(np.float64), series[1].astype(np.float64)
    target[cut:] += jump
    assume(spread(target) or spread(pred))
    groups = (np.arange(len(target)) >= cut).astype(int)
    by_group = AgreementSums.by_group(target, pred, groups, num_groups=3)
    whole = AgreementSums.of(target, pred)
    merged = AgreementSums.merge(
        AgreementSums.of(target[:cut], pred[:cut]),
        AgreementSums.of(target[cut:], pred[cut:]),
    )
    for sums in (merged, by_group.pooled(), by_group.pooled([1, 1, 1])):
        assert sums.count == whole.count
        assert sums.ccc() == pytest.approx(whole.ccc(), abs=1e-9)
        assert sums.mse() == pytest.approx(whole.mse(), abs=1e-9)
        np.testing.assert_allclose(sums.pcc(), whole.pcc(), atol=1e-9)


def test_a_weight_counts_a_group_as_often_as_it_says():
    rng = np.random.default_rng(1)
    target, pred = rng.normal(size=(2, 3, 50)) + np.arange(3)[:, None]
    groups = np.repeat(np.arange(3), 50)
    sums = AgreementSums.by_group(target.ravel(), pred.ravel(), groups, num_groups=3)
    drawn = [[0, 0, 2], [1, 1, 1], [0, 1, 2]]
    weights = [np.bincount(draw, minlength=3) for draw in drawn]
    got = sums.pooled(weights)
    wanted = [formula(target[draw].ravel(), pred[draw].ravel()) for draw in drawn]
    np.testing.assert_allclose(got.ccc(), wanted, atol=1e-12)
    assert got.count.tolist() == [150, 150, 150]


def test_one_constant_stays_one_in_every_way_of_summing_groups():
    groups = np.repeat(np.arange(4), [5, 7, 0, 11])
    constant = np.full(len(groups), 0.1)
    other = np.where(groups == 3, 0.7, 0.1)
    equal = AgreementSums.by_group(constant, constant, groups, num_groups=4)
    level = AgreementSums.by_group(other, other, groups, num_groups=4)
    assert np.isnan(equal.pooled().ccc())
    assert np.isnan(equal.pooled([[1, 1, 1, 1], [3, 0, 5, 7], [0, 0, 1, 0]]).ccc()).all()
    assert np.isnan(level.pooled([3, 7, 0, 0]).ccc())
    assert level.pooled([3, 7, 0, 1]).ccc() == pytest.approx(1)


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6), st.floats(-1, 1))
def test_resampled_groups_of_one_constant_have_no_spread(weights, constant):
    groups = np.repeat(np.arange(7), [4, 5, 7, 3, 11, 2, 6])
    series = np.where(groups == 0, 0.7, constant)
    sums = AgreementSums.by_group(series, series, groups, num_groups=7)
    got = sums.pooled([[0, *weights]] * 2)
    assert (got.moment_target == 0).all()
    assert np.isnan(got.ccc()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 3], None), r"must have one shape, got \(2,\), \(3,\) and \(2,\)"),
        (([1, 2], [1, np.nan], None), "pred must be finite where valid, got nan"),
        (([1, 2], [1, 2], [1, 0]), "valid must be bool, got int64"),
        (([[1], [2]], [[1], [2]], None), r"target must have shape \(N,\), got \(2, 1\)"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_the_rule(arguments, message):
    target, pred, valid = arguments
    with pytest.raises(ValueError, match=message):
        concordance_correlation(target, pred, valid=valid)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0], r"groups must have shape \(2,\), got \(1,\)"),
        ([0, 2], r"groups must be a whole number in \[0, 2\) where valid, got 2"),
    ],
)
def test_groups_that_do_not_fit_are_refused_with_the_rule(groups, message):
    with pytest.raises(ValueError, match=message):
        AgreementSums.by_group([1, 2], [1, 2], groups, num_groups=2)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1, 1], r"weights must have shape \(2,\) or \(R, 2\), got \(3,\)"),
        ([1, -1], "weights must be whole numbers of 0 or more"),
        ([1, 0.5], "weights must be whole numbers of 0 or more"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_rule(weights, message):
    sums = AgreementSums.by_group([1, 2], [1, 2], [0, 1], num_groups=2)
    with pytest.raises(ValueError, match=message):
        sums.pooled(weights)
