import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.inference.smoothing import Box, CausalExponential, Gaussian, smooth
from wildaffect.inference.streaming_smoother import StreamingSmoother

KINDS = [Gaussian(sd_s=0.2), Box(width_s=0.5), CausalExponential(time_constant_s=0.15)]


def stream(times, values, kinds):
    smoother = StreamingSmoother(kinds)
    done = [
        row
        for time, value in zip(times, values, strict=True)
        for row in smoother.push(time, value)
    ]
    return np.array(done + smoother.finish())


def by_definition(times, values, kind):
    """The weighted mean written out over all pairs of rows."""
    away = times[None, :] - times[:, None]
    match kind:
        case Gaussian(sd_s=sd):
            weights = np.exp(-0.5 * (away / sd) ** 2) * (abs(away) <= 3 * sd)
        case Box(width_s=width):
            weights = 1.0 * (abs(away) <= width / 2)
        case CausalExponential(time_constant_s=tau):
            weights = np.exp(away / tau) * (away <= 0) * (away >= -5 * tau)
    return weights @ values / weights.sum(1, keepdims=True)


@given(st.integers(1, 60), st.integers(0, 1000), st.sampled_from(KINDS))
def test_both_forms_equal_the_definition_at_irregular_times(num_rows, seed, kind):
    rng = np.random.default_rng(seed)
    # an odd grid keeps pairs off the edge of the reach, where stamps cannot tell
    times = np.cumsum(rng.integers(1, 30, num_rows)) * 0.0137
    values = rng.normal(size=(num_rows, 2)).astype(np.float32)
    offline = smooth(values, times, kind)
    np.testing.assert_allclose(offline, by_definition(times, values, kind), atol=1e-6)
    np.testing.assert_allclose(
        stream(times, values, [(slice(0, 2), kind)]), offline, 1e-5, 1e-6
    )


def test_columns_are_smoothed_each_in_its_own_way_and_the_rest_stay_untouched():
    rng = np.random.default_rng(0)
    times, values = np.arange(90) / 30, rng.normal(size=(90, 4)).astype(np.float32)
    kinds = [(slice(k, k + 1), kind) for k, kind in enumerate(KINDS)]
    out = stream(times, values, kinds)
    for k, kind in enumerate(KINDS):
        expected = smooth(values, times, kind)[:, k]
        np.testing.assert_allclose(out[:, k], expected, 1e-5, 1e-6)
    np.testing.assert_array_equal(out[:, 3], values[:, 3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [25.0, 29.97])
def test_stamps_rounded_to_milliseconds_smooth_alike(kind, fps):
    times = 3.21 + np.arange(200) / fps
    values = np.random.default_rng(0).normal(size=(200, 1)).astype(np.float32)
    exact, rounded = (smooth(values, t, kind) for t in (times, np.round(times, 3)))
    np.testing.assert_allclose(rounded, exact, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_stays_what_it_is_to_its_ends_and_across_gaps(kind):
    times = np.concatenate([np.arange(20), 500 + np.arange(20)]) / 10
    values = np.full((40, 1), 0.7, np.float32)
    np.testing.assert_array_equal(smooth(values, times, kind), values)
    np.testing.assert_allclose(stream(times, values, [(slice(0, 1), kind)]), values, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_beyond_the_reach_does_not_count(kind):
    times = np.concatenate([np.arange(20), 40 + np.arange(20)]) / 10
    one = np.random.default_rng(0).normal(size=(40, 1)).astype(np.float32)
    other = one.copy()
    other[20:] += 5
    np.testing.assert_array_equal(
        smooth(one, times, kind)[:20], smooth(other, times, kind)[:20]
    )


def test_the_causal_kind_answers_at_once_and_never_looks_ahead():
    kind = CausalExponential(time_constant_s=0.3)
    smoother = StreamingSmoother([(slice(0, 1), kind)])
    values = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    for i, row in enumerate(values):
        (out,) = smoother.push(i / 25, row)
        expected = smooth(values[: i + 1], np.arange(i + 1) / 25, kind)[-1]
        assert out == pytest.approx(expected, abs=1e-6)
    assert smoother.finish() == []


def test_without_smoothing_rows_come_back_untouched_and_at_once():
    row = np.float32([1, 2])
    assert StreamingSmoother([]).push(0.0, row)[0] is row


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_bounded_by_the_reach(kind):
    smoother = StreamingSmoother([(slice(0, 1), kind)])
    for i in range(2000):
        smoother.push(i / 100, np.float32([i]))
        assert smoother.num_held <= 130


def test_a_step_becomes_a_ramp_centered_on_it():
    times = np.arange(41) / 10
    values = (times >= 2.0).astype(np.float32)[:, None]
    smoothed = smooth(values, times, Gaussian(sd_s=0.3))[:, 0]
    assert (np.diff(smoothed) >= -1e-6).all()
    assert smoothed[19] + smoothed[20] == pytest.approx(1.0, abs=1e-3)


def test_a_width_that_is_not_positive_is_refused():
    for make in (
        lambda: Gaussian(sd_s=-1.0),
        lambda: Box(width_s=0.0),
        lambda: CausalExponential(time_constant_s=float("nan")),
    ):
        with pytest.raises(ValueError, match=r"smoothing: \w+ must be above 0"):
            make()


def test_no_rows_give_no_rows():
    assert smooth(np.zeros((0, 3), np.float32), np.zeros(0), KINDS[0]).shape == (0, 3)
