from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.causal import StreamingCausal, run_causal
from wildaffect.core.rate import StreamingAtRate, between_kept, kept_rows
from wildaffect.core.stitching import stitch
from wildaffect.core.streaming import StreamingWindows
from wildaffect.core.windows import CausalWindow, WindowSpec, cut, longest_gap_s

WINDOWS = WindowSpec(length_s=2.0, stride_s=0.5, max_gap_s=0.8)
CAUSAL = CausalWindow(length_s=1.0, delay_s=0.3, max_gap_s=0.8)


@st.composite
def times(draw):
    fps = draw(st.sampled_from([5.0, 12.0, 25.0, 29.97, 60.0]))
    steps = st.sampled_from([1, 1, 1, 1, 2, 3, 8, 60])
    numbers = np.cumsum(draw(st.lists(steps, min_size=1, max_size=80)))
    return draw(st.floats(0.0, 1e4)) + numbers / fps


def lagging_mean(rows, times_s):
    return np.cumsum(rows, axis=0) / (1.0 + times_s - times_s[0])[:, None]


def offline(times_s, rows, spec, rate_hz):
    kept = kept_rows(times_s, rate_hz)
    kept_s, chosen = times_s[kept], rows[kept]
    if isinstance(spec, CausalWindow):
        outputs = run_causal(lagging_mean, kept_s, chosen, spec)
    else:
        slices = cut(kept_s, spec)
        predicted = [lagging_mean(chosen[s], kept_s[s]) for s in slices]
        outputs = stitch(predicted, slices, times_s=kept_s, spec=spec)
    return between_kept(times_s, kept_s, outputs, longest_gap_s=longest_gap_s(spec))


@given(
    times(),
    st.sampled_from([WINDOWS, CAUSAL]),
    st.sampled_from([2.5, 10.0, 15.0, 100.0]),
    st.lists(st.integers(0, 80), max_size=6),
)
def test_streaming_equals_offline_bit_for_bit_however_rows_arrive(
    times_s, spec, rate_hz, splits
):
    rows = np.random.default_rng(1).normal(size=(len(times_s), 3)).astype(np.float32)
    over = StreamingCausal if isinstance(spec, CausalWindow) else StreamingWindows
    stream = StreamingAtRate(
        over(lagging_mean, spec), rate_hz, longest_gap_s=longest_gap_s(spec)
    )
    edges = sorted({0, *(min(s, len(times_s)) for s in splits), len(times_s)})
    parts = [stream.push(times_s[a:b], rows[a:b]) for a, b in pairwise(edges)]
    parts = [part for part in [*parts, stream.flush()] if len(part.times_s)]
    np.testing.assert_array_equal(np.concatenate([p.times_s for p in parts]), times_s)
    np.testing.assert_array_equal(
        np.concatenate([p.outputs for p in parts]), offline(times_s, rows, spec, rate_hz)
    )
    assert stream.num_held == 0


@pytest.mark.parametrize(("fps", "every"), [(30.0, 2), (29.97, 2), (60.0, 4), (15.0, 1)])
def test_frames_at_a_multiple_of_the_rate_are_kept_evenly_whatever_their_stamps(fps, every):
    times_s = 3.21 + np.arange(600) / fps
    for stamps in (times_s, np.round(times_s, 3)):
        np.testing.assert_array_equal(kept_rows(stamps, 15.0), np.arange(0, 600, every))


def test_a_video_slower_than_the_rate_keeps_every_row():
    times_s = np.arange(50) / 10
    np.testing.assert_array_equal(kept_rows(times_s, 15.0), np.arange(50))
    assert len(kept_rows(np.zeros(0), 15.0)) == 0


def test_rows_between_lie_on_a_line_and_across_gaps_or_at_the_end_the_last_is_held():
    kept_s = np.array([0.0, 0.2, 5.0])
    outputs = np.float32([[0.0], [1.0], [3.0]])
    times_s = np.array([0.0, 0.05, 0.2, 0.25, 5.0, 5.1])
    filled = between_kept(times_s, kept_s, outputs, longest_gap_s=0.5)
    np.testing.assert_allclose(filled[:, 0], [0.0, 0.25, 1.0, 1.0, 3.0, 3.0])


def test_a_row_comes_back_with_the_kept_row_after_it_and_memory_is_bounded():
    inner = StreamingCausal(
        lambda rows, times_s: rows, CausalWindow(length_s=1.0, delay_s=0.0, max_gap_s=0.5)
    )
    stream = StreamingAtRate(inner, 10.0, longest_gap_s=0.5)
    num_back = 0
    for i in range(300):
        num_back += len(stream.push(np.array([i / 30]), np.float32([[i]])).times_s)
        assert num_back == i - i % 3 + 1
        assert stream.num_held <= 2
        assert inner.num_held <= 11
    assert num_back + len(stream.flush().times_s) == 300


def test_a_stream_can_start_again_after_its_end():
    inner = StreamingCausal(lambda rows, times_s: rows, CAUSAL)
    stream = StreamingAtRate(inner, 10.0, longest_gap_s=0.5)
    for _ in range(2):
        done = stream.push(np.arange(20) / 30, np.ones((20, 2), np.float32))
        assert len(done.times_s) + len(stream.flush().times_s) == 20
