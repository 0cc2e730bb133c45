import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.calibration.answering import to_predictions
from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadOutputs
from wildaffect.core.feature_rows import FrameFeatures, JoinedSet
from wildaffect.core.joins import EarlierFirst
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import build_sequences, expand
from wildaffect.core.tasks import Task
from wildaffect.inference.calibration import Calibration, apply_calibration
from wildaffect.metrics.scores import score


def annotations(videos, index, frames):
    rows = len(frames)
    ones = np.ones(rows, bool)
    return Annotations(
        source="made up",
        videos=videos,
        subjects=videos,
        video_index=np.array(index, np.int64),
        frame_number=np.array(frames, np.int64),
        images=tuple(
            f"{videos[i]}/{n:05d}.jpg" for i, n in zip(index, frames, strict=True)
        ),
        lines=np.arange(rows) + 2,
        valence=TaskColumn(np.zeros(rows, np.float32), ones),
        arousal=TaskColumn(np.zeros(rows, np.float32), ones),
        expression=TaskColumn(np.zeros(rows, np.int64), ones),
        action_units=TaskColumn(np.zeros((rows, 12), np.int8), np.ones((rows, 12), bool)),
    )


def outputs(video, frames):
    """Values that identify the frame: valence is the frame's number in thousands."""
    rng = np.random.default_rng(len(frames))
    powers = rng.random((len(frames), 8))
    return SequenceOutputs(
        video=video,
        frame_number=np.array(frames, np.int64),
        time_s=np.array(frames) / 30,
        probs={
            Task.VALENCE: (np.array(frames) / 1000).astype(np.float32),
            Task.AROUSAL: np.zeros(len(frames), np.float32),
            Task.EXPRESSION: (powers / powers.sum(1, keepdims=True)).astype(np.float32),
            Task.ACTION_UNITS: rng.random((len(frames), 12)).astype(np.float32),
        },
    )


def predicted(*each):
    return [apply_calibration(item, Calibration()) for item in each]


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=40),
    st.sets(st.integers(1, 60), min_size=1, max_size=20),
)
def test_frames_get_the_same_rows_as_expanding_a_sequence(wanted, found):
    known = np.array(sorted(found))
    rows = annotations(("clip",), [0] * len(wanted), wanted)
    features = FrameFeatures(
        frame_number=known, time_s=None, values=np.zeros((len(known), 1))
    )
    joined = [JoinedSet(features, EarlierFirst(max_distance_s=0.0))]
    (sequence,) = build_sequences(rows, {"clip": joined}.get)
    computed = sequence.frame_number[sequence.computed_rows]
    if not len(computed):
        return
    model = outputs("clip", computed.tolist())
    expected = expand(model.probs[Task.VALENCE][:, None], sequence).outputs[:, 0]
    predictions = to_predictions(predicted(model), rows)
    np.testing.assert_array_equal(predictions.valence.values, expected)


def test_repeats_and_gaps_are_filled_in_the_order_of_the_annotations():
    rows = annotations(("a", "b"), [1, 0, 0, 1, 0], [9, 4, 4, 1, 2])
    calibrated = predicted(outputs("b", [3, 7]), outputs("a", [2, 4]))
    predictions = to_predictions(calibrated, rows, provenance={"run": "toy"})
    np.testing.assert_allclose(
        predictions.valence.values, [0.007, 0.004, 0.004, 0.003, 0.002]
    )
    np.testing.assert_array_equal(
        predictions.expression.values[1], calibrated[1].expression[1]
    )
    np.testing.assert_array_equal(
        predictions.action_units.values[0], calibrated[0].action_units[1]
    )
    np.testing.assert_array_equal(
        predictions.expression_probs[3], calibrated[0].outputs.probs[Task.EXPRESSION][0]
    )
    assert predictions.valence.valid.all()
    assert predictions.provenance == {"run": "toy"}


def test_a_video_without_outputs_and_a_task_not_predicted_stay_uncovered():
    rows = annotations(("a", "b"), [0, 1], [1, 1])
    model = outputs("a", [1])
    bare = dataclasses.replace(model, probs={Task.VALENCE: model.probs[Task.VALENCE]})
    predictions = to_predictions(predicted(bare), rows)
    assert predictions.valence.valid.tolist() == [True, False]
    assert not predictions.expression.valid.any()
    assert predictions.expression_probs is predictions.action_unit_probs is None
    assert np.isnan(score(rows, predictions).macro_f1_expression)


def test_what_does_not_fit_is_named():
    rows = annotations(("a",), [0], [1])
    model = outputs("a", [1])
    with pytest.raises(BadOutputs, match="videos must be distinct, got 1 names for 2"):
        to_predictions(predicted(model, model), rows)
    units = model.probs[Task.ACTION_UNITS][:, :5]
    few = dataclasses.replace(model, probs={Task.ACTION_UNITS: units})
    with pytest.raises(
        BadOutputs, match="a: action_units must have a column for each of 12"
    ):
        to_predictions(predicted(few), rows)
