from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.stitching import OverlapMean, stitch
from wildaffect.core.streaming import StreamingWindows
from wildaffect.core.windows import (
    EDGE_WEIGHT,
    FRAME_WISE,
    WindowSpec,
    cut,
    layout,
    row_weights,
)

SPEC = WindowSpec(length_s=2.0, stride_s=0.5, max_gap_s=0.4)


@st.composite
def specs(draw):
    length_s = draw(st.floats(0.05, 5.0))
    stride_s = draw(st.floats(0.01, 1.0)) * (length_s - 0.01) + 0.005
    max_gap_s = draw(st.floats(0.0, 1.0)) * length_s
    return WindowSpec(length_s=length_s, stride_s=stride_s, max_gap_s=max_gap_s)


@st.composite
def times(draw, min_size=1):
    fps = draw(st.sampled_from([5.0, 23.976, 25.0, 29.97, 30.0, 60.0]))
    steps = st.sampled_from([1, 1, 1, 1, 2, 3, 8, 40, 543])
    numbers = np.cumsum(draw(st.lists(steps, min_size=min_size, max_size=80)))
    stamps = draw(st.floats(0.0, 1e4)) + numbers / fps
    return np.round(stamps, 3) if draw(st.booleans()) else stamps


def lagging_mean(rows, times_s):
    """Outputs that depend on everything in the window, as those of a real model do."""
    return np.cumsum(rows, axis=0) / (1.0 + times_s - times_s[0])[:, None]


@given(times(), specs())
def test_stitching_the_windows_gives_back_the_sequence_exactly(times_s, spec):
    rows = np.random.default_rng(0).normal(size=(len(times_s), 3)) * 1e3
    slices = cut(times_s, spec)
    for dtype in (np.float32, np.float64):
        typed = rows.astype(dtype)
        outputs = [typed[rows_of] for rows_of in slices]
        stitched = stitch(outputs, slices, times_s=times_s, spec=spec)
        assert stitched.dtype == dtype
        np.testing.assert_array_equal(stitched, typed)


@given(times(), specs())
def test_every_row_is_in_a_window_and_no_window_is_empty_too_long_or_spans_a_gap(
    times_s, spec
):
    seen = np.zeros(len(times_s), dtype=int)
    for rows in cut(times_s, spec):
        inside = times_s[rows]
        seen[rows] += 1
        assert len(inside) > 0
        assert inside[-1] - inside[0] < spec.length_s + 1e-9
        assert (np.diff(inside) <= spec.max_gap_s + 2e-3).all()
    assert (seen > 0).all()


@given(times(), specs(), st.lists(st.integers(0, 80), max_size=6))
def test_streaming_equals_batch_bit_for_bit_however_rows_arrive(times_s, spec, splits):
    rows = np.random.default_rng(1).normal(size=(len(times_s), 4)).astype(np.float32)
    slices = cut(times_s, spec)
    outputs = [lagging_mean(rows[s], times_s[s]) for s in slices]
    expected = stitch(outputs, slices, times_s=times_s, spec=spec)
    stream = StreamingWindows(lagging_mean, spec)
    edges = sorted({0, *(min(s, len(times_s)) for s in splits), len(times_s)})
    parts = [stream.push(times_s[a:b], rows[a:b]) for a, b in pairwise(edges)]
    parts.append(stream.flush())
    parts = [part for part in parts if len(part.times_s)]
    np.testing.assert_array_equal(np.concatenate([p.times_s for p in parts]), times_s)
    np.testing.assert_array_equal(np.concatenate([p.outputs for p in parts]), expected)
    assert stream.num_held == 0


def test_streaming_row_by_row_holds_no_more_than_a_window_and_can_start_again():
    times_s = np.arange(3000) / 30
    rows = np.ones((3000, 2), dtype=np.float32)
    stream = StreamingWindows(lambda rows, times_s: rows, SPEC)
    for _ in range(2):
        returned = 0
        for i in range(len(times_s)):
            returned += len(stream.push(times_s[i : i + 1], rows[i : i + 1]).times_s)
            assert stream.num_held <= 61
        assert returned + len(stream.flush().times_s) == len(times_s)


def test_windows_of_a_steady_video_begin_at_every_stride_and_the_last_is_shorter():
    times_s = np.arange(100) / 30  # ends at 3.3 s
    assert cut(times_s, SPEC) == [
        slice(0, 60),
        slice(15, 75),
        slice(30, 90),
        slice(45, 100),
    ]


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 59.94])
def test_rounding_stamps_to_milliseconds_moves_no_row_to_another_window(fps):
    times_s = 12.345 + np.arange(2000) / fps
    spec = WindowSpec(length_s=64 / fps, stride_s=16 / fps, max_gap_s=1.0 / fps)
    exact = cut(times_s, spec)
    assert cut(np.round(times_s, 3), spec) == exact
    assert cut(np.nextafter(times_s, 0), spec) == exact
    assert {s.stop - s.start for s in exact[:-1]} == {64}


def test_a_gap_splits_and_a_sequence_shorter_than_a_window_is_one_window():
    times_s = np.array([0.0, 0.1, 0.2, 5.0, 5.1])
    assert cut(times_s, SPEC) == [slice(0, 3), slice(3, 5)]
    assert cut(np.zeros(0), SPEC) == []


def test_frame_wise_windows_are_single_rows_at_any_rate():
    times_s = np.cumsum(np.array([0.0, 1e-4, 1e-3, 10.0, 0.5]))
    slices = cut(times_s, FRAME_WISE)
    assert slices == [slice(i, i + 1) for i in range(5)]
    rows = np.arange(10.0).reshape(5, 2)
    outputs = [2 * rows[s] for s in slices]
    stitched = stitch(outputs, slices, times_s=times_s, spec=FRAME_WISE)
    np.testing.assert_array_equal(stitched, 2 * rows)


def test_weights_peak_at_the_center_and_are_never_zero():
    weights = row_weights(np.array([9.999, 10.0, 10.5, 11.0, 11.5, 12.0]), 10.0, SPEC)
    np.testing.assert_allclose(
        weights, [EDGE_WEIGHT, EDGE_WEIGHT, 0.505, 1.0, 0.505, EDGE_WEIGHT]
    )


def test_stitching_weighs_two_windows_by_their_triangles():
    spec = WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=1.0)
    times_s = np.array([0.0, 1.0, 1.5, 2.0])
    slices = cut(times_s, spec)
    assert slices == [slice(0, 3), slice(1, 4)]
    outputs = [np.zeros((3, 1)), np.ones((3, 1))]
    stitched = stitch(outputs, slices, times_s=times_s, spec=spec)
    # at 1.0 s: weights 1 and 0.01; at 1.5 s: 0.505 each
    np.testing.assert_allclose(stitched[:, 0], [0.0, 0.01 / 1.01, 0.5, 1.0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"length_s": 0.0}, "length_s must be above 0, got 0.0"),
        ({"length_s": float("inf")}, "length_s must be above 0, got inf"),
        ({"stride_s": 3.0}, "stride_s must be in .* got 3.0"),
        ({"stride_s": 0.0}, "stride_s must be in .* got 0.0"),
        ({"max_gap_s": 9.0}, "max_gap_s must be in .* got 9.0"),
        ({"max_gap_s": float("nan")}, "max_gap_s must be in .* got nan"),
    ],
)
def test_a_spec_that_leaves_rows_uncovered_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        WindowSpec(**{"length_s": 2.0, "stride_s": 0.5, "max_gap_s": 0.4, **fields})


def test_times_that_stand_still_or_are_not_finite_are_refused():
    with pytest.raises(ValueError, match=r"row 2 must be later than row 1 at 1\.0 s"):
        cut(np.array([0.0, 1.0, 1.0]), SPEC)
    with pytest.raises(ValueError, match="must be finite"):
        cut(np.array([0.0, np.nan]), SPEC)


def test_outputs_that_do_not_fit_their_windows_are_refused():
    times_s = np.arange(5) / 30
    slices = cut(times_s, SPEC)
    with pytest.raises(ValueError, match="must be the 1 that cut gives"):
        stitch([], [], times_s=times_s, spec=SPEC)
    with pytest.raises(
        ValueError, match=r"finite values of shape \(5, 2\), got .*\(4, 2\)"
    ):
        stitch([np.zeros((4, 2))], slices, times_s=times_s, spec=SPEC)
    with pytest.raises(ValueError, match="with 1 not finite"):
        stitch([np.array([[1.0]] * 4 + [[np.nan]])], slices, times_s=times_s, spec=SPEC)


def test_a_stream_refuses_rows_that_go_back_in_time_or_have_no_time():
    stream = StreamingWindows(lambda rows, times_s: rows, SPEC)
    stream.push(np.array([0.0, 0.1]), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"later than 0\.1 s, got 0\.1 s"):
        stream.push(np.array([0.1]), np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"rows must have shape \(1, D\)"):
        stream.push(np.array([0.2]), np.zeros((2, 1)))


def test_laying_out_an_hour_of_video_and_joining_it_is_quick():
    times_s = np.arange(108_000) / 30
    windows = layout(times_s, SPEC)
    mean = OverlapMean(len(times_s))
    for window in windows:
        part = np.ones((window.rows.stop - window.rows.start, 22), dtype=np.float32)
        mean.add(window.rows, part, np.ones(len(part)))
    assert len(windows) == 7197
    np.testing.assert_array_equal(mean.values, 1.0)
