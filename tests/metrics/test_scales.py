import numpy as np
import pytest

from wildaffect.metrics.scales import ScaleSums


@pytest.fixture
def ratings():
    """Levels 0 to 5 of two scales in 200 rows of 4 videos, some not valid."""
    rng = np.random.default_rng(3)
    target = rng.integers(0, 6, (200, 2)).astype(np.float32)
    pred = np.clip(target + rng.normal(0.3, 1.2, target.shape), 0, 5).astype(np.float32)
    return {
        "target": target,
        "pred": pred,
        "groups": rng.integers(0, 4, 200),
        "valid": rng.random(target.shape) < 0.8,
    }


def scored(ratings, **changed):
    sums = ScaleSums.by_group(**(ratings | changed), num_groups=4)
    return sums.pooled().scores()


def test_icc_is_that_of_the_two_way_analysis_of_variance(ratings):
    # Shrout and Fleiss 1979: ICC(3,1) = (BMS - EMS) / (BMS + (k - 1) EMS), here k = 2.
    found = scored(ratings)
    for scale in range(2):
        rows = ratings["valid"][:, scale]
        pairs = np.stack([ratings["target"][rows, scale], ratings["pred"][rows, scale]], 1)
        pairs = pairs.astype(np.float64)
        n, grand = len(pairs), pairs.mean()
        between = 2 * np.sum((pairs.mean(1) - grand) ** 2) / (n - 1)
        rest = pairs - pairs.mean(1, keepdims=True) - pairs.mean(0) + grand
        error = np.sum(rest**2) / (n - 1)
        expected = (between - error) / (between + error)
        assert found.icc[scale] == pytest.approx(expected, abs=1e-9)


def test_icc_ignores_a_constant_difference_that_lowers_ccc(ratings):
    found = scored(ratings, pred=ratings["target"] + 2)
    assert found.icc == pytest.approx(1.0)
    assert (found.ccc < 0.9).all()
    assert found.mae == pytest.approx(2.0)


def test_quadratic_kappa_is_one_less_weighted_disagreement_over_that_of_chance(ratings):
    # Cohen 1968, weights (i - j)^2.
    found = scored(ratings)
    distance = np.subtract.outer(np.arange(6), np.arange(6)) ** 2
    for scale in range(2):
        rows = ratings["valid"][:, scale]
        counts = np.zeros((6, 6))
        levels = np.rint(ratings["pred"][rows, scale]).astype(int)
        np.add.at(counts, (ratings["target"][rows, scale].astype(int), levels), 1)
        chance = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
        expected = 1 - (distance * counts).sum() / (distance * chance).sum()
        assert found.kappa[scale] == pytest.approx(expected, abs=1e-9)


def test_kappa_is_not_defined_where_labels_are_between_levels(ratings):
    ratings["target"][:, 1] += 0.25
    found = scored(ratings)
    assert np.isfinite(found.kappa[0])
    assert np.isnan(found.kappa[1])
    assert np.isfinite(found.icc).all()


def test_pooled_videos_score_as_all_their_rows_and_merging_adds(ratings):
    every = ScaleSums.by_group(**ratings, num_groups=4)
    one_group = np.zeros(200, int)
    whole = ScaleSums.by_group(**(ratings | {"groups": one_group}), num_groups=1)
    double = every.merge(every).pooled().scores()
    twice = every.pooled(np.full(4, 2)).scores()
    for name in ("ccc", "pcc", "icc", "mae", "kappa"):
        expected = getattr(whole.pooled().scores(), name)
        for found in (every.pooled().scores(), double, twice):
            np.testing.assert_allclose(getattr(found, name), expected, atol=1e-12)
    np.testing.assert_array_equal(double.num, 2 * ratings["valid"].sum(0))


def test_the_mean_leaves_out_scales_without_rows(ratings):
    ratings["valid"][:, 1] = False
    found = scored(ratings)
    assert np.isnan(found.icc[1])
    assert found.mean("icc") == found.icc[0]
    ratings["valid"][:] = False
    assert np.isnan(scored(ratings).mean("icc"))
