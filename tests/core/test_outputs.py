import dataclasses

import numpy as np
import pytest

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task

GOOD = SequenceOutputs(
    video="clip",
    frame_number=np.arange(1, 4),
    time_s=np.arange(3) / 25,
    probs={
        Task.VALENCE: np.float32([-1, 0, 1]),
        Task.EXPRESSION: np.full((3, 8), 1 / 8, np.float32),
        Task.ACTION_UNITS: np.float32(np.eye(3, 12)),
    },
    spread={Task.VALENCE: np.float32([0, 0.1, 0])},
)


def with_probs(**changes):
    return {"probs": {**GOOD.probs, **{Task(k): v for k, v in changes.items()}}}


def test_outputs_know_how_many_rows_they_have():
    assert len(GOOD) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_number": np.int64([1, 3, 3])}, "must ascend strictly, got 3 after 3"),
        ({"frame_number": np.arange(3.0)}, r"frame_number must be int64 of shape \(3,\)"),
        ({"time_s": np.zeros(2)}, r"time_s must be float64 of shape \(3,\), got .*\(2,\)"),
        ({"time_s": np.zeros(3)}, "row 1 must be later than row 0"),
        (with_probs(valence=np.zeros(3)), r"valence must be float32 .* got float64"),
        (with_probs(valence=np.float32([0, 0, 1.1])), r"must lie in \[-1, 1\], got 1.1"),
        (with_probs(valence=np.float32([0, np.nan, 0])), r"in \[-1, 1\], got nan"),
        (with_probs(expression=np.zeros(3, np.float32)), r"shape \(3, K\), got .*\(3,\)"),
        (
            with_probs(expression=np.full((3, 8), 0.2, np.float32)),
            "expression must sum to 1 in every row, got 1.6",
        ),
        (
            with_probs(action_units=np.full((3, 12), -0.1, np.float32)),
            r"action_units must lie in \[0, 1\], got -0.1",
        ),
        (
            {"spread": {Task.AROUSAL: np.zeros(3, np.float32)}},
            "spread of arousal must be float32 of shape None",
        ),
        (
            {"spread": {Task.VALENCE: np.float32([-1, 0, 0])}},
            "spread of valence must be at least 0, got -1",
        ),
    ],
)
def test_outputs_that_are_not_what_they_say_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"outputs of clip: .*{message}"):
        dataclasses.replace(GOOD, **changes)
