"""Agreement of raters against published worked examples."""

import numpy as np
import pytest

from wildaffect.metrics.raters import (
    agreement_limits,
    cohens_kappa,
    intraclass_correlation,
)

SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]
"""Shrout and Fleiss 1979, Psychological Bulletin 86:420, table 2."""

WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423,
          427]  # fmt: skip
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350,
        451]  # fmt: skip
"""Bland and Altman 1986, first reading by each peak flow meter, liters per minute."""


def test_icc_is_that_of_shrout_and_fleiss():
    """Their table 4 gives ICC(2,1) = .29."""
    assert intraclass_correlation(SHROUT_FLEISS) == pytest.approx(0.29, abs=0.005)


def test_icc_counts_a_constant_difference_and_is_one_where_raters_are_equal():
    first = np.arange(10.0)
    assert intraclass_correlation(np.stack([first, first], 1)) == pytest.approx(1)
    shifted = intraclass_correlation(np.stack([first, first + 3], 1))
    assert 0.5 < shifted < 0.8
    assert np.isnan(intraclass_correlation([[1.0, 1.0], [1.0, 1.0]]))
    assert np.isnan(intraclass_correlation([[1.0, 2.0]]))


def test_ratings_need_two_raters():
    with pytest.raises(ValueError, match="ratings must have shape"):
        intraclass_correlation([1.0, 2.0])


def test_limits_are_those_of_bland_and_altman():
    """They give a mean of -2.1 and a standard deviation of 38.8."""
    limits = agreement_limits(WRIGHT, MINI)
    assert limits.bias == pytest.approx(-2.1, abs=0.05)
    assert limits.sd == pytest.approx(38.8, abs=0.05)
    assert (limits.lower, limits.upper) == pytest.approx(
        (-2.1 - 1.96 * 38.8, -2.1 + 1.96 * 38.8), abs=0.2
    )
    assert np.isnan(agreement_limits([1], [2]).bias)


def test_kappa_is_that_of_the_independent_implementation(sklearn_metrics):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, 200)
    second = np.where(rng.random(200) < 0.7, first, rng.integers(0, 2, 200))
    expected = sklearn_metrics.cohen_kappa_score(first, second)
    assert cohens_kappa(first, second) == pytest.approx(expected, abs=1e-12)


def test_kappa_without_chance_to_disagree_is_not_a_number():
    assert np.isnan(cohens_kappa([1, 1], [1, 1]))
    assert np.isnan(cohens_kappa([], []))
    assert cohens_kappa([1, 0], [0, 1]) == -1
