import numpy as np
import pytest
from scipy import stats

from wildaffect.metrics.mean_intervals import difference_interval, mean_interval


def test_means_are_those_of_the_people_who_have_a_value():
    values = np.full((8, 2), np.nan)
    values[:7, 0] = np.arange(7)
    values[3, 1] = 2.0
    got = mean_interval(values)
    np.testing.assert_allclose(got.mean, [3.0, 2.0])
    assert got.num_people.tolist() == [7, 1]
    assert got.low[0] < 3 < got.high[0]
    assert np.isnan([got.low[1], got.high[1]]).all()


@pytest.mark.parametrize("num_others", [0, 1, 2, 3])
def test_there_is_no_interval_where_few_people_differ_from_the_others(num_others):
    """Such as where one participant alone shows an action unit."""
    values = np.zeros((12, 1))
    values[:num_others, 0] = np.arange(num_others) + 0.4
    got = mean_interval(values)
    assert got.mean[0] == values.mean()
    assert np.isnan([got.low[0], got.high[0]]).all()


def test_intervals_of_many_people_are_those_of_the_t_test():
    rng = np.random.default_rng(3)
    values = rng.normal(1.0, 2.0, (200, 1))
    got = mean_interval(values, num_resamples=4000)
    low, high = stats.t.interval(0.95, 199, values.mean(), stats.sem(values)[0])
    np.testing.assert_allclose([got.low[0], got.high[0]], [low, high], atol=0.04)
    other = rng.normal(0.5, 1.0, (150, 1))
    got = difference_interval(values, other, num_resamples=4000)
    welch = stats.ttest_ind(values[:, 0], other[:, 0], equal_var=False)
    expected = welch.confidence_interval(0.95)
    np.testing.assert_allclose([got.low[0], got.high[0]], expected, atol=0.04)


def test_equal_seeds_give_equal_intervals():
    values = np.random.default_rng(1).normal(size=(9, 3))
    first, again = mean_interval(values, seed=4), mean_interval(values, seed=4)
    np.testing.assert_array_equal(first.low, again.low)
    assert (mean_interval(values, seed=5).low != first.low).any()


def covered(make, interval_of, num_studies=3000):
    """Return the share of columns (a study each) whose interval contains 0."""
    got = interval_of(make(num_studies))
    return float(np.mean((got.low <= 0) & (got.high >= 0)))


@pytest.mark.parametrize("num_people", [8, 20])
def test_intervals_cover_the_mean_as_often_as_they_say(num_people):
    rng = np.random.default_rng(num_people)
    share = covered(
        lambda columns: rng.normal(size=(num_people, columns)),
        lambda values: mean_interval(values, num_resamples=500),
    )
    assert 0.93 <= share <= 0.97


def test_intervals_of_differences_cover_them_as_often_as_they_say():
    rng = np.random.default_rng(0)
    share = covered(
        lambda columns: (
            rng.normal(size=(12, columns)),
            3 * rng.normal(size=(20, columns)),
        ),
        lambda groups: difference_interval(*groups, num_resamples=500),
    )
    assert 0.93 <= share <= 0.97
