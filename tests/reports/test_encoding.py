"""Columns come back to the stated precision, and empty cells stay empty."""

import numpy as np
import pytest

from wildaffect.reports.encoding import ColumnEncoder, decode


@pytest.mark.parametrize(
    ("low", "high", "step", "width"),
    [(0, 1, 0.01, 1), (-1, 1, 0.002, 2), (-90, 90, 0.5, 2), (0, 36000, 1e-4, 4)],
)
def test_values_come_back_within_half_a_step(low, high, step, width):
    values = np.random.default_rng(0).uniform(low, high, 5000)
    encoder = ColumnEncoder()
    column = encoder.add(values, step)
    assert column.width == width
    error = np.abs(decode(encoder.payload(), column) - values)
    assert error.max() <= step / 2 * (1 + 1e-6)


def test_columns_of_one_payload_do_not_mix():
    encoder = ColumnEncoder()
    columns = [
        encoder.add(np.arange(n) * scale, 1.0) for n, scale in ((9, 1), (0, 1), (5, 999))
    ]
    back = [decode(encoder.payload(), column).tolist() for column in columns]
    assert back == [list(range(9)), [], [0, 999, 1998, 2997, 3996]]


def test_empty_cells_stay_empty():
    values = np.array([np.nan, 0.5, np.nan, -0.25, np.inf])
    encoder = ColumnEncoder()
    back = (
        decode(encoder.payload(), column) if (column := encoder.add(values, 0.25)) else None
    )
    np.testing.assert_array_equal(back, [np.nan, 0.5, np.nan, -0.25, np.nan])
    nothing = encoder.add(np.full(3, np.nan), 0.1)
    assert np.isnan(decode(encoder.payload(), nothing)).all()


def test_a_range_that_no_code_holds_is_refused():
    with pytest.raises(ValueError, match="span more than"):
        ColumnEncoder().add(np.array([0.0, 1e12]), 1e-4)
