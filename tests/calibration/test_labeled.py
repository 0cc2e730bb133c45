"""Labels of whole videos beside labels of frames. Values are invented."""

import numpy as np
import pytest

from wildaffect.calibration.fitting import cross_fit
from wildaffect.calibration.labeled import ClipLabels, decide_rows, label_rows, pool
from wildaffect.calibration.selection import select_members
from wildaffect.core.columns import empty_columns
from wildaffect.core.errors import EvaluationError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.smoothing import Smoothing

SPACES = LabelSpaces()


def outputs(video, valence, first_unit):
    num_rows = len(valence)
    units = np.zeros((num_rows, 12), np.float32)
    units[:, 0] = first_unit
    classes = np.full((num_rows, 8), 0.05, np.float32)
    classes[:, 0] = 0.65
    return SequenceOutputs(
        video=video,
        frame_number=np.arange(num_rows),
        time_s=np.arange(num_rows) / 30,
        probs={
            Task.VALENCE: np.array(valence, np.float32),
            Task.EXPRESSION: classes,
            Task.ACTION_UNITS: units,
        },
    )


def labels(num_rows, valence, unit):
    columns = empty_columns(num_rows, SPACES)
    columns.valence.values[:], columns.valence.valid[:] = valence, True
    columns.action_units.values[:, 0] = unit
    columns.action_units.valid[:, 0] = True
    return columns


def of_whole(valence, unit):
    return ClipLabels(**labels(1, valence, unit).columns())


MIXED = [
    outputs("clip", [0.0, 0.2, 0.7], [0.1, 0.4, 0.9]),
    outputs("frames", [0.5, 0.9], [0, 1]),
]
TARGETS = {"clip": of_whole(0.3, 0), "frames": labels(2, 0.5, 1)}


def test_frames_are_decided_and_then_pooled_for_a_label_of_the_video():
    rows = label_rows(MIXED, TARGETS)
    assert rows.label_row.tolist() == [0, 0, 0, 1, 2]
    assert rows.video_index.tolist() == [0, 1, 1]
    decided = decide_rows(rows, Calibration())
    np.testing.assert_allclose(decided[Task.VALENCE], [0.3, 0.5, 0.9], rtol=1e-6)
    # Present in one frame of three. With a threshold of 0.4 it is in two of them.
    assert decided[Task.ACTION_UNITS][:, 0].tolist() == [0, 0, 1]
    lower = Calibration(action_unit_thresholds=(0.4, *(0.5,) * 11))
    assert decide_rows(rows, lower)[Task.ACTION_UNITS][:, 0].tolist() == [1, 0, 1]


def test_rows_of_some_videos_are_counted_from_0():
    rows = label_rows(MIXED, TARGETS)
    is_counted, label_row = rows.rows_of(np.array([False, True]))
    assert is_counted.tolist() == [False, False, False, True, True]
    assert label_row.tolist() == [0, 1]
    is_counted, label_row = rows.rows_of(np.array([True, False]))
    assert label_row.tolist() == [0, 0, 0]
    assert len(rows.rows_of(np.array([False, False]))[1]) == 0


def test_rows_with_a_label_each_are_not_changed():
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert pool(values, np.arange(5)) is values
    np.testing.assert_allclose(
        pool(values, np.array([0, 0, 1, 1, 1])),
        [values[:2].mean(0), values[2:].mean(0)],
        rtol=1e-6,
    )


def test_labels_of_whole_videos_choose_no_smoothing_and_may_select_members():
    rng = np.random.default_rng(1)
    levels = np.linspace(-0.8, 0.8, 8)
    clear = [
        outputs(f"v{k}", v + rng.uniform(-0.2, 0.2, 20), k % 2)
        for k, v in enumerate(levels)
    ]
    noise = [outputs(f"v{k}", rng.uniform(-1, 1, 20), rng.random(20)) for k in range(8)]
    targets = {f"v{k}": of_whole(v, k % 2) for k, v in enumerate(levels)}
    folds = [[f"v{k}" for k in range(start, 8, 2)] for start in (0, 1)]
    fitted = cross_fit(clear, targets, folds, spaces=SPACES)
    assert fitted.calibration.smoothing == Smoothing()
    scores = fitted.steps[0].in_sample.pooled()
    assert scores.num_valence == 8
    means = np.array([output.probs[Task.VALENCE].mean() for output in clear])
    moments = 2 * np.cov(levels, means, ddof=0)[0, 1]
    expected = moments / (levels.var() + means.var() + (levels.mean() - means.mean()) ** 2)
    assert scores.ccc_valence == pytest.approx(expected, rel=1e-5)
    picked = select_members([noise, clear], targets, folds, spaces=SPACES)
    assert picked.counts[1] > picked.counts[0]
    assert picked.in_sample.pooled().num_valence == 8


def test_a_label_of_the_video_is_one_row():
    two = ClipLabels(**labels(2, 0.5, 1).columns())
    with pytest.raises(EvaluationError, match="labels must be of the 3 rows"):
        label_rows(MIXED, TARGETS | {"clip": two})
