import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.inference.smoothing import StreamingSmoother


def smooth(times, values, sd_s):
    smoother = StreamingSmoother(np.array(sd_s))
    done = [
        row
        for time, value in zip(times, values, strict=True)
        for row in smoother.push(time, value)
    ]
    return np.array(done + smoother.finish())


def direct(times, values, sd_s):
    """The definition, over the whole series at once."""
    away = np.abs(times[:, None] - times[None, :])
    out = np.empty_like(values)
    for column, sd in enumerate(sd_s):
        weights = np.exp(-0.5 * (away / sd) ** 2) * (away <= 3 * sd)
        out[:, column] = weights @ values[:, column] / weights.sum(1)
    return out


@given(st.integers(1, 60), st.integers(0, 1000))
def test_streaming_equals_the_definition_at_irregular_times(num_rows, seed):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.005, 0.3, num_rows))
    values = rng.normal(size=(num_rows, 2)).astype(np.float32)
    np.testing.assert_allclose(
        smooth(times, values, [0.1, 0.4]), direct(times, values, [0.1, 0.4]), atol=1e-5
    )


def test_a_constant_stays_what_it_is_to_its_ends():
    values = np.full((20, 1), 0.7, np.float32)
    np.testing.assert_allclose(smooth(np.arange(20) / 10, values, [0.5]), values, rtol=1e-6)


def test_width_zero_gives_rows_back_untouched_and_at_once():
    smoother = StreamingSmoother(np.zeros(2))
    row = np.float32([1, 2])
    assert smoother.push(0.0, row)[0] is row


def test_memory_is_bounded_by_the_reach():
    smoother = StreamingSmoother(np.array([0.1]))
    for i in range(2000):
        smoother.push(i / 100, np.float32([i]))
    assert len(smoother._rows) <= 2 * 30 + 3


def test_a_step_becomes_a_ramp_centred_on_it():
    times = np.arange(41) / 10
    values = (times >= 2.0).astype(np.float32)[:, None]
    smoothed = smooth(times, values, [0.3])[:, 0]
    assert (np.diff(smoothed) >= -1e-6).all()
    assert smoothed[19] + smoothed[20] == pytest.approx(1.0, abs=1e-3)
