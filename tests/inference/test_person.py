from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.core.windows import CausalWindow
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.inference.neutral import PersonNeutral
from wildaffect.inference.person import PersonStream
from wildaffect.inference.smoothing import CausalExponential, Smoothing
from wildaffect.runtime.network import Device

VALENCE_ONLY = {
    "predicts_arousal": False,
    "expression": None,
    "action_units": None,
    "calibration": Calibration(),
}


BETWEEN_STEPS = 4
"""Frames at 25 per second until the next step of a model of 7.5 rows per second."""


@pytest.fixture(scope="module")
def parts():
    artifact = load_artifact("open")  # reads no picture, which these faces lack
    return Inputs(artifact, Device()), Model(artifact, Device())


def face(seed, status=Status.OK):
    rng = np.random.default_rng(seed)
    landmarks = rng.uniform(0, 100, (478, 3)).astype(np.float32)
    return FaceObservation(
        track_id=0,
        status=status,
        detection_score=0.9,
        presence=1.0,
        box_xyxy=np.float32([0, 0, 100, 100]),
        landmarks_xyz=landmarks,
        blendshapes=rng.uniform(0, 0.3, 52).astype(np.float32),
        pose=HeadPose(0, 0, 0),
        face_size_px=100,
        sharpness=20,
    )


def person_of(inputs, model, *, warm_up_s):
    policy = model.manifest.neutral
    return PersonStream(
        inputs,
        model,
        neutral=PersonNeutral(policy) if policy else None,
        warm_up_s=warm_up_s,
        keep_features=False,
    )


def play(parts, statuses, *, warm_up_s=0.4):
    person = person_of(*parts, warm_up_s=warm_up_s)
    rows, waits = [], []
    for i, status in enumerate(statuses):
        rows += person.push(parts[0].measure(i, i / 25, face(i, status)))
        waits.append(i + 1 - len(rows))
    return rows + person.finish(), waits


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.sampled_from([Status.OK, Status.LOW_QUALITY, Status.INTERPOLATED]), max_size=40
    )
)
def test_rows_come_back_in_order_each_once_with_their_status(parts, inner):
    statuses = [Status.OK, *inner, Status.OK]  # a gap lies between two sights
    rows, _ = play(parts, statuses)
    assert [row.frame_index for row in rows] == list(range(len(statuses)))
    assert [row.status for row in rows] == statuses
    withheld = [row.affect is None for row in rows]
    assert withheld == [status is Status.LOW_QUALITY for status in statuses]


def test_rows_wait_for_the_first_estimate_of_the_neutral_and_then_for_the_next_step(parts):
    _, waits = play(parts, [Status.OK] * 60, warm_up_s=1.0)
    assert waits[:20] == list(range(1, 21))
    assert max(waits[26:]) <= BETWEEN_STEPS


def test_without_warm_up_a_row_waits_for_the_next_step_alone(parts):
    rows, waits = play(parts, [Status.OK] * 40, warm_up_s=0.0)
    assert max(waits) <= BETWEEN_STEPS
    assert len(rows) == 40


def turning(yaws):
    """Faces whose yaw, in degrees, is what the toy artifacts say of valence."""
    plain = face(0)
    return [replace(plain, pose=HeadPose(float(yaw), 0, 0)) for yaw in yaws]


def play_artifact(folder, faces, *, fps=30):
    artifact = load_artifact(folder)
    parts = Inputs(artifact, Device()), Model(artifact, Device())
    person = person_of(*parts, warm_up_s=0.0)
    waits, rows = [], []
    for i, face in enumerate(faces):
        rows += person.push(parts[0].measure(i, i / fps, face))
        waits.append(i + 1 - len(rows))
    return [row.affect.valence for row in rows + person.finish()], waits


@pytest.mark.parametrize("delay_s", [0.0, 0.2])
def test_a_causal_window_predicts_each_row_from_its_own_past_after_its_delay(
    averaging, toy, delay_s
):
    network = (averaging / "member0.onnx").read_bytes()
    window = CausalWindow(length_s=0.5, delay_s=delay_s, max_gap_s=0.3)
    folder = toy(network, **VALENCE_ONLY, window=window)
    yaws = np.random.default_rng(0).uniform(-1, 1, 60)
    predicted, waits = play_artifact(folder, turning(yaws))
    ahead = round(delay_s * 30)
    assert max(waits) == ahead
    expected = [
        yaws[max(0, i + ahead - 14) : i + ahead + 1].mean() for i in range(len(yaws))
    ]
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_a_model_of_another_rate_sees_fewer_rows_and_the_rest_lie_between(averaging, toy):
    network = (averaging / "member0.onnx").read_bytes()
    window = CausalWindow(length_s=0.5, delay_s=0.0, max_gap_s=0.4)
    folder = toy(network, **VALENCE_ONLY, window=window, rate_hz=10.0)
    yaws = np.random.default_rng(0).uniform(-1, 1, 61)
    predicted, waits = play_artifact(folder, turning(yaws))
    assert max(waits) == 2  # until the next row that the model sees
    kept = yaws[::3]
    of_kept = [kept[max(0, i - 4) : i + 1].mean() for i in range(len(kept))]
    expected = np.interp(np.arange(61), np.arange(0, 61, 3), of_kept)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_a_causal_smoothing_adds_no_delay(averaging, toy):
    network = (averaging / "member0.onnx").read_bytes()
    smoothing = Smoothing(valence=CausalExponential(time_constant_s=0.1))
    window = CausalWindow(length_s=0.5, delay_s=0.0, max_gap_s=0.3)
    folder = toy(
        network,
        **VALENCE_ONLY | {"calibration": Calibration(smoothing=smoothing)},
        window=window,
    )
    _, waits = play_artifact(folder, turning(np.linspace(-1, 1, 40)))
    assert waits == [0] * 40
