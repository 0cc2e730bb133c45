"""Labels travel with the arrays of a result, and its repr is one short line."""

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.core.frames import Frame
from wildaffect.core.results import Affect, FaceResult
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, LabelSpaces

TWO_UNITS = LabelSpaces(
    action_units=LabelSpace(name="two-units", labels=("AU12", "AU99")),
)


def affect(**given):
    probs = np.zeros(8, np.float32)
    probs[4] = 0.75
    given = {"valence": 0.5, "expression": "Happiness", "expression_probs": probs} | given
    return Affect(**given)


def two_units(**given):
    return affect(
        action_unit_probs=np.float32([0.25, np.nan]),
        action_unit_intensities=np.float32([1.5, np.nan]),
        action_unit_sides=np.float32([[1.5, np.nan], [0.5, np.nan]]),
        action_units_present=(True, None),
        spaces=TWO_UNITS,
        **given,
    )


def test_values_are_found_by_their_label():
    assert two_units().action_units == {"AU12": 0.25}
    assert two_units().intensities == {"AU12": 1.5}
    assert two_units().sides == {"AU12": (1.5, 0.5)}
    assert two_units().present_action_units == ("AU12",)
    assert list(affect().expressions) == list(ABAW_EXPRESSIONS.labels)
    assert affect().expressions["Happiness"] == 0.75


def test_what_is_not_predicted_has_no_label():
    nothing = Affect()
    assert nothing.expressions == nothing.action_units == {}
    assert nothing.intensities == nothing.sides == {}
    assert nothing.present_action_units == ()


def test_an_array_of_another_label_space_is_refused():
    with pytest.raises(ValueError, match=r"action_unit_probs must have the 2 values .* 12"):
        affect(action_unit_probs=np.zeros(12, np.float32), spaces=TWO_UNITS)


def test_a_row_is_one_short_line():
    face = FaceObservation(
        track_id=3,
        status=Status.OK,
        detection_score=0.9,
        presence=0.9,
        box_xyxy=np.float32([1, 2, 3, 4]),
        landmarks_xyz=np.zeros((478, 3), np.float32),
        blendshapes=np.zeros(52, np.float32),
        pose=HeadPose(10.0, -5.0, 0.0),
        face_size_px=2.0,
        sharpness=1.0,
    )
    row = FaceResult(frame_index=7, time_s=0.28, status=Status.OK, face=face)
    predicted = FaceResult(
        frame_index=7, time_s=0.28, status=Status.OK, face=face, affect=two_units()
    )
    assert repr(row) == "FaceResult(frame 7, 0.280 s, ok, track 3)"
    assert repr(predicted) == (
        "FaceResult(frame 7, 0.280 s, ok, track 3: valence +0.50, Happiness 0.75, AU12)"
    )
    assert repr(affect(expression_is_unclear=True)).endswith("Happiness 0.75 (unclear))")
    assert repr(Affect()) == "Affect(nothing predicted)"
    assert repr(face) == (
        "FaceObservation(track 3, ok, box (1, 2, 3, 4), yaw +10 pitch -5 roll +0 deg)"
    )
    frame = Frame(index=2, time_s=0.08, rgb=np.zeros((120, 160, 3), np.uint8))
    assert repr(frame) == "Frame(index=2, time_s=0.08, 160x120)"


@pytest.mark.parametrize("shape", [(2, 3), (1, 2), (2,)])
def test_sides_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"action_unit_sides must have shape \(2, 2\)"):
        affect(action_unit_sides=np.zeros(shape, np.float32), spaces=TWO_UNITS)
