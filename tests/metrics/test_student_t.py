import pytest
from scipy import stats

from wildaffect.metrics.student_t import t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 59, 400])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_quantiles_are_those_of_scipy(freedom, level):
    expected = stats.t.ppf((1 + level) / 2, freedom)
    assert t_quantile(level, freedom) == pytest.approx(expected, rel=1e-9)
