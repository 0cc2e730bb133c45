from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from wildaffect.core.faces import Status
from wildaffect.core.results import Affect
from wildaffect.core.signals import Signals
from wildaffect.core.tasks import LabelSpace, LabelSpaces
from wildaffect.outputs.columns import FeatureGroup, arrow_type, result_schema
from wildaffect.outputs.schema_page import schema_page

CORE = (
    "frame time_s image track_id status detection_score presence "
    "box_x0 box_y0 box_x1 box_y1 "
    "pose_yaw_deg pose_pitch_deg pose_roll_deg face_size_px sharpness valence arousal "
    "valence_sd arousal_sd expression p_neutral p_anger p_disgust p_fear p_happiness "
    "p_sadness p_surprise p_other AU01 AU02 AU04 AU06 AU07 AU10 AU12 AU15 AU23 AU24 AU25 "
    "AU26 AU01_present AU02_present AU04_present AU06_present AU07_present AU10_present "
    "AU12_present AU15_present AU23_present AU24_present AU25_present AU26_present "
    "neutral_known source"
).split()
SIGNALS = (
    "eye_closure_left eye_closure_right eyes_closed eye_yaw_deg eye_pitch_deg "
    "gaze_yaw_deg gaze_pitch_deg looking_at_camera mouth_open"
).split()


def cells(schema, *rows):
    return schema.batch(rows).to_pylist()


def test_the_core_columns_and_the_signals_stand_in_their_published_order():
    assert result_schema().arrow().names == CORE + SIGNALS


def test_every_column_says_unit_and_meaning_and_its_type_follows_from_its_name():
    groups = (FeatureGroup(name="g", columns=("a", "b"), meaning="x", unit="px"),)
    schema = result_schema(landmarks=True, blendshapes=True, features=groups)
    for field in schema.arrow():
        assert field.metadata[b"meaning"]
        assert field.metadata[b"unit"]
        assert field.type == arrow_type(field.name)


def test_the_meaning_of_an_action_unit_has_its_name_in_facs():
    fields = result_schema().arrow()
    assert b"AU12 (lip corner puller)" in fields.field("AU12").metadata[b"meaning"]
    assert b"AU12 (lip corner puller)" in fields.field("AU12_present").metadata[b"meaning"]


def test_a_frame_without_a_face_is_a_row_with_nothing_but_frame_time_and_status(row):
    (got,) = cells(result_schema(landmarks=True), row(7, None))
    record = {name: value for name, value in got.items() if value is not None}
    assert record == {"frame": 7, "time_s": 7 / 30, "status": "no_face"}


def test_what_is_not_predicted_is_null_and_never_zero(row):
    probabilities = np.full(12, np.nan, np.float32)
    probabilities[6] = 0.25
    affect = Affect(
        action_unit_probs=probabilities,
        action_units_present=(None,) * 6 + (False,) + (None,) * 5,
    )
    (got,) = cells(result_schema(), row(affect=affect))
    assert got["AU12"] == 0.25
    assert got["AU12_present"] is False
    absent = "valence arousal_sd expression p_fear AU01 AU01_present neutral_known"
    for name in absent.split():
        assert got[name] is None


def test_low_quality_rows_keep_their_place_and_withhold_predictions(row):
    (got,) = cells(result_schema(), row(3, 1, status=Status.LOW_QUALITY))
    assert got["track_id"] == 1
    assert got["box_x1"] == 60
    assert got["valence"] is None


def test_gaze_is_null_while_eyes_are_closed_and_all_signals_where_there_are_none(row):
    closed = Signals(
        eye_closure_left=0.75, eye_closure_right=0.5, eyes_closed=True, mouth_open=0.25
    )
    opened = replace(closed, eyes_closed=False, gaze_yaw_deg=-3.5, looking_at_camera=False)
    rows = [replace(row(), signals=signals) for signals in (closed, opened, None)]
    got = [
        [cell[name] for name in ("eyes_closed", "gaze_yaw_deg", "looking_at_camera")]
        for cell in cells(result_schema(), *rows)
    ]
    assert got == [[True, None, None], [False, -3.5, False], [None, None, None]]


def test_two_faces_of_a_frame_are_two_rows_of_their_own_in_any_order(row):
    one, two = row(0, 0), row(0, 1)
    schema = result_schema()
    forth, back = cells(schema, one, two), cells(schema, two, one)
    assert forth == back[::-1]
    assert forth[0]["valence"] != forth[1]["valence"]
    assert forth[0]["AU12"] != forth[1]["AU12"]


def test_columns_follow_the_label_space_of_the_model():
    spaces = LabelSpaces(
        expressions=LabelSpace(name="two", labels=("Contempt", "Mild Joy")),
        action_units=LabelSpace(name="one", labels=("AU45",)),
    )
    names = result_schema(spaces).arrow().names
    first = CORE.index("p_neutral")
    assert names[:first] == CORE[:first]
    assert names[first:] == [
        "p_contempt",
        "p_mild_joy",
        "AU45",
        "AU45_present",
        "neutral_known",
        "source",
        *SIGNALS,
    ]


def test_labels_that_would_share_a_column_are_refused():
    space = LabelSpace(name="odd", labels=("Joy", "joy"))
    with pytest.raises(ValueError, match=r"distinct names, got \['p_joy'\] twice"):
        result_schema(LabelSpaces(expressions=space))


def test_optional_groups_are_named_value_by_value(row):
    group = FeatureGroup(name="geometry", columns=("mouth", "brow"), meaning="Distance")
    schema = result_schema(landmarks=True, blendshapes=True, features=[group])
    face_row = row()
    face_row.features["geometry"] = np.array([1.5, np.nan], np.float32)
    (got,) = cells(schema, face_row)
    assert len(got) == len(CORE) + len(SIGNALS) + 478 * 3 + 52 + 2
    assert got["landmark_477_z"] == face_row.face.landmarks_xyz[477, 2]
    assert got["blendshape_jawOpen"] == face_row.face.blendshapes[25]
    assert (got["geometry_mouth"], got["geometry_brow"]) == (1.5, None)


def test_a_feature_group_with_another_number_of_values_is_refused(row):
    group = FeatureGroup(name="g", columns=("a", "b"), meaning="x")
    odd = row(5)
    odd.features["g"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="frame 5: g_a and those after it must have 2"):
        result_schema(features=[group]).batch([odd])


def test_a_feature_column_cannot_pass_for_a_decision():
    group = FeatureGroup(name="g", columns=("a_present",), meaning="x")
    with pytest.raises(ValueError, match="must not have the same name as one of"):
        result_schema(features=[group])


def test_no_column_holds_a_list():
    schema = result_schema(landmarks=True, blendshapes=True).arrow()
    assert not any(pa.types.is_nested(field.type) for field in schema)


def test_the_page_of_the_schema_is_as_the_code_makes_it():
    page = Path(__file__).parents[2] / "docs" / "schema.md"
    assert page.read_text(encoding="utf-8") == schema_page(), (
        "run: python scripts/make_schema_doc.py"
    )
