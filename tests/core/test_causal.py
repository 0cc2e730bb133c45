from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.causal import StreamingCausal, causal_windows, run_causal
from wildaffect.core.windows import CausalWindow

SPEC = CausalWindow(length_s=1.0, delay_s=0.2, max_gap_s=0.5)


@st.composite
def specs(draw):
    length_s = draw(st.floats(0.05, 3.0))
    delay_s = draw(st.sampled_from([0.0, 0.04, 0.1, 0.5])) * min(length_s, 1.0) * 0.9
    max_gap_s = draw(st.floats(0.01, 1.0)) * length_s
    return CausalWindow(
        length_s=length_s,
        delay_s=delay_s,
        max_gap_s=max_gap_s,
        lead_step_s=draw(st.sampled_from([None, 0.04, length_s])),
    )


@st.composite
def times(draw):
    fps = draw(st.sampled_from([5.0, 23.976, 25.0, 29.97, 60.0, 2000.0]))
    steps = st.sampled_from([1, 1, 1, 1, 2, 3, 8, 40])
    numbers = np.cumsum(draw(st.lists(steps, max_size=60)))
    return draw(st.floats(0.0, 1e4)) + numbers / fps


def lagging_mean(rows, times_s):
    return np.cumsum(rows[::-1], axis=0)[::-1] / (1.0 + times_s[-1] - times_s)[:, None]


@given(times(), specs(), st.lists(st.integers(0, 60), max_size=6))
def test_streaming_equals_offline_bit_for_bit_however_rows_arrive(times_s, spec, splits):
    rows = np.random.default_rng(1).normal(size=(len(times_s), 4)).astype(np.float32)
    expected = run_causal(lagging_mean, times_s, rows, spec)
    stream = StreamingCausal(lagging_mean, spec)
    edges = sorted({0, *(min(s, len(times_s)) for s in splits), len(times_s)})
    parts = [stream.push(times_s[a:b], rows[a:b]) for a, b in pairwise(edges)]
    parts = [part for part in [*parts, stream.flush()] if len(part.times_s)]
    if not len(times_s):
        assert parts == []
        return
    np.testing.assert_array_equal(np.concatenate([p.times_s for p in parts]), times_s)
    np.testing.assert_array_equal(np.concatenate([p.outputs for p in parts]), expected)
    assert stream.num_held == 0


@given(times(), specs())
def test_a_row_sees_itself_and_no_row_outside_its_window_or_beyond_a_gap(times_s, spec):
    for row, seen in enumerate(causal_windows(times_s, spec)):
        assert seen.start <= row < seen.stop
        inside = times_s[seen] - times_s[row]
        assert inside[-1] <= spec.delay_s + 2e-3
        assert inside[0] > spec.delay_s - spec.length_s - 1e-9 or seen.start == row
        assert (np.diff(inside) <= spec.max_gap_s + 2e-3).all()


@pytest.mark.parametrize("fps", [25.0, 29.97])
def test_rounding_stamps_to_milliseconds_moves_no_row_to_another_window(fps):
    times_s = 12.345 + np.arange(400) / fps
    spec = CausalWindow(length_s=30 / fps, delay_s=5 / fps, max_gap_s=3 / fps)
    exact = causal_windows(times_s, spec)
    assert exact[100] == slice(76, 106)
    assert causal_windows(np.round(times_s, 3), spec) == exact


@pytest.mark.parametrize("delay_s", [0.0, 0.2])
def test_a_row_is_returned_once_the_row_after_its_delay_is_there(delay_s):
    spec = CausalWindow(length_s=1.0, delay_s=delay_s, max_gap_s=0.5)
    stream = StreamingCausal(lagging_mean, spec)
    num_back = 0
    for i in range(200):
        row = np.float32([[i]])
        num_back += len(stream.push(np.array([i / 25]), row).times_s)
        assert num_back == max(0, i + 1 - round(delay_s * 25))
        assert stream.num_held <= 27
    assert num_back + len(stream.flush().times_s) == 200


def count_and_look_back(rows, times_s):
    ahead = np.arange(len(rows)) + 1.0
    return np.column_stack([ahead, times_s - times_s[0], rows[:, 0] - rows[0, 0]])


@pytest.mark.parametrize("start_s", [0.0, 1234.567])
def test_who_holds_still_gets_the_same_answer_from_the_first_row_on(start_s):
    spec = CausalWindow(length_s=2.0, delay_s=0.0, max_gap_s=1.0, lead_step_s=0.1)
    times_s = start_s + np.arange(60) / 10
    predicted = run_causal(count_and_look_back, times_s, np.full((60, 3), 7.0), spec)
    np.testing.assert_allclose(predicted, np.tile([20, 1.9, 0.0], (60, 1)), atol=1e-9)


def test_rows_in_front_of_a_run_are_its_first_and_nothing_before_a_gap():
    spec = CausalWindow(length_s=1.0, delay_s=0.0, max_gap_s=0.5, lead_step_s=0.25)
    times_s = np.array([0.0, 0.25, 0.5, 5.0, 5.25])
    seen = []

    def note(rows, at_s):
        seen.append((rows[:, 0].tolist(), at_s.tolist()))
        return rows

    predicted = run_causal(note, times_s, np.arange(5.0)[:, None], spec)
    assert predicted[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert seen[1] == ([0, 0, 0, 1], [-0.5, -0.25, 0.0, 0.25])
    assert seen[4] == ([3, 3, 3, 4], [4.5, 4.75, 5.0, 5.25])


def test_after_a_gap_nothing_of_what_came_before_is_seen():
    times_s = np.concatenate([np.arange(10), 40 + np.arange(10)]) / 25
    windows = causal_windows(times_s, SPEC)
    assert windows[9] == slice(0, 10)
    assert windows[10] == slice(10, 16)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"length_s": 0.0}, "length_s must be above 0, got 0"),
        ({"delay_s": 1.0}, "delay_s must be at least 0 and below length_s=1.0, got 1.0"),
        ({"delay_s": -0.1}, "delay_s must be at least 0"),
        ({"lead_step_s": 0.0}, r"lead_step_s must be in \[0.0022, length_s=1.0\], got 0.0"),
        ({"max_gap_s": 0.0}, r"max_gap_s must be in \(0, length_s=1.0\], got 0.0"),
    ],
)
def test_a_window_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        CausalWindow(**({"length_s": 1.0, "delay_s": 0.0, "max_gap_s": 0.5} | fields))


def test_what_a_model_or_a_caller_gives_wrongly_is_named():
    stream = StreamingCausal(lambda rows, times_s: rows[:1], SPEC)
    with pytest.raises(ValueError, match=r"rows must have shape \(2, D\), got \(3, 1\)"):
        stream.push(np.arange(2.0), np.zeros((3, 1)))
    stream.push(np.arange(2) / 25, np.zeros((2, 1)))
    with pytest.raises(ValueError, match="row 1 must be later than row 0"):
        stream.push(np.array([0.04]), np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"finite values of shape \(2, K\), got shape"):
        stream.flush()
