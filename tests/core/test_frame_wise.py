"""Rows that a model sees one by one."""

import numpy as np
import pytest

from wildaffect.core.frame_wise import StreamingFrames
from wildaffect.core.streaming import StreamingWindows
from wildaffect.core.windows import FRAME_WISE

TIMES_S = np.array([0.0, 0.033, 0.067, 0.1, 5.0, 5.033])
ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def sums(rows, times_s):
    assert rows.shape == (1, 3)
    assert times_s.shape == (1,)
    return np.stack([rows.sum(1), rows[:, 0] * np.float32(times_s)], 1)


@pytest.mark.parametrize("sizes", [[6], [1] * 6, [2, 0, 4]])
def test_they_come_back_at_once_as_windows_of_one_row_give_them(sizes):
    windows, frames = StreamingWindows(sums, FRAME_WISE), StreamingFrames(sums)
    wanted = [*windows.push(TIMES_S, ROWS).outputs, *windows.flush().outputs]
    got, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        times_s, outputs = frames.push(TIMES_S[part], ROWS[part])
        np.testing.assert_array_equal(times_s, TIMES_S[part])
        got.extend(outputs)
        start += size
    assert len(frames.flush().times_s) == 0
    np.testing.assert_array_equal(got, wanted)
