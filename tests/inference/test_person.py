import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.inference.artefact import load_artefact
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.inference.person import PersonStream
from wildaffect.runtime.network import Device


@pytest.fixture(scope="module")
def parts():
    artefact = load_artefact()
    return Inputs(artefact, Device()), Model(artefact, Device())


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


def play(parts, statuses, *, warm_up_s=0.4):
    person = PersonStream(*parts, warm_up_s=warm_up_s, keep_features=False)
    rows, waits = [], []
    for i, status in enumerate(statuses):
        rows += person.push(i, i / 25, face(i, status))
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


def test_rows_wait_for_the_first_estimate_of_the_neutral_and_then_for_smoothing(parts):
    _, waits = play(parts, [Status.OK] * 60, warm_up_s=1.0)
    assert waits[:20] == list(range(1, 21))
    assert max(waits[26:]) <= 13  # three times 0.15 s at 25 per second, and the row itself


def test_without_warm_up_the_first_row_waits_for_smoothing_alone(parts):
    rows, waits = play(parts, [Status.OK] * 40, warm_up_s=0.0)
    assert max(waits) <= 13
    assert len(rows) == 40
