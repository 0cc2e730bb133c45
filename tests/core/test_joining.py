from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.causal import StreamingCausal
from wildaffect.core.joining import StreamingJoin
from wildaffect.core.rate import StreamingAtRate
from wildaffect.core.streaming import StreamingWindows
from wildaffect.core.windows import CausalWindow, WindowSpec, longest_gap_s

SHORT = WindowSpec(length_s=0.4, stride_s=0.2, max_gap_s=0.4)
LONG = WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=1.0)
CAUSAL = CausalWindow(length_s=1.0, delay_s=0.2, max_gap_s=0.5)


def mean_so_far(rows, times_s):
    """A model whose answer depends on its whole window."""
    del times_s
    return rows - rows.mean(0)


def streams():
    inner = StreamingCausal(mean_so_far, CAUSAL)
    slow = StreamingAtRate(inner, 10.0, longest_gap_s=longest_gap_s(CAUSAL))
    short, long = (StreamingWindows(mean_so_far, spec) for spec in (SHORT, LONG))
    return [short, long, slow]


def joined():
    return StreamingJoin(streams(), lambda predicted: np.concatenate(predicted, axis=1))


def made_up(num_rows):
    rng = np.random.default_rng(3)
    times_s = np.cumsum(
        rng.choice([1, 1, 1, 2, 40], num_rows, p=[0.4, 0.3, 0.2, 0.07, 0.03])
    )
    return times_s / 30, rng.normal(size=(num_rows, 2))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 150), max_size=8))
def test_rows_come_back_once_in_order_and_the_same_however_they_arrive(cuts):
    times_s, rows = made_up(150)
    stream = joined()
    edges = sorted({0, *cuts, 150})
    parts = [
        stream.push(times_s[first:stop], rows[first:stop])
        for first, stop in pairwise(edges)
    ]
    parts = [part for part in [*parts, stream.flush()] if len(part.times_s)]
    predicted = []
    for item in streams():
        whole = [item.push(times_s, rows), item.flush()]
        predicted.append(
            np.concatenate([part.outputs for part in whole if len(part.times_s)])
        )
    np.testing.assert_array_equal(np.concatenate([p.times_s for p in parts]), times_s)
    np.testing.assert_array_equal(
        np.concatenate([part.outputs for part in parts]), np.concatenate(predicted, axis=1)
    )


def test_no_more_rows_wait_than_the_longest_window_holds():
    stream, most = joined(), 0
    for row in range(900):
        stream.push(np.array([row / 30]), np.zeros((1, 2)))
        most = max(most, stream.num_held)
    assert most == pytest.approx(60, abs=1)  # 2 s at 30 per second


def test_a_sequence_can_follow_another():
    times_s, rows = made_up(60)
    stream = joined()
    first = [stream.push(times_s, rows), stream.flush()]
    again = [stream.push(times_s, rows), stream.flush()]
    for item, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(item.outputs, other.outputs)
