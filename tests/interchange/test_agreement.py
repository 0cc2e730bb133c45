"""Reading of tables of other programs, and agreement with them."""

import json

import numpy as np
import pytest
from interchange_columns import columns_of, merged, without_face

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import OutputError
from wildaffect.interchange import openface
from wildaffect.interchange.export import ConvertOptions
from wildaffect.interchange.libreface import write_libreface
from wildaffect.interchange.openface import openface_writer
from wildaffect.interchange.pyfeat import write_pyfeat
from wildaffect.interchange.read import read_faces


def saved(export, path):
    path.write_bytes(export.files[0].content)
    return path


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
def test_dialects_of_openface_are_told_apart_and_read(store, tmp_path, dialect):
    columns = without_face(columns_of(4), 2)
    writer = openface_writer(getattr(openface, dialect))
    path = saved(writer(store(columns), ConvertOptions()), tmp_path / "of.csv")
    faces = read_faces(path)
    assert faces.program == f"OpenFace 2 ({dialect})"
    assert faces.frame.tolist() == [0, 1, 2, 3]
    assert faces.valid.tolist() == [True, True, False, True]
    for name in ("pose_yaw_deg", "pose_roll_deg", "gaze_yaw_deg", "AU12_intensity"):
        expected = np.array(columns[name], float)
        assert np.allclose(faces.values[name], expected, atol=0.05, equal_nan=True)


def test_zeros_of_openface_without_success_are_no_neutral_face(tmp_path):
    path = tmp_path / "of.csv"
    path.write_text(
        "frame, face_id, timestamp, confidence, success, AU12_r, AU12_c\n"
        "1, 0, 0.000, 0.98, 1, 2.50, 1.00\n2, 0, 0.040, 0.00, 0, 0.00, 0.00\n"
    )
    faces = read_faces(path)
    assert faces.program == "OpenFace 2 (B)"
    assert np.array_equal(faces.values["AU12_intensity"], [2.5, np.nan], equal_nan=True)


def test_faces_of_a_photograph_of_openface_are_read(tmp_path):
    path = tmp_path / "of.csv"
    path.write_text("face, confidence, pose_Rx, pose_Ry, pose_Rz\n0, 0.375, -0.082, 0, 0\n")
    faces = read_faces(path)
    assert faces.program == "OpenFace 2 (image)"
    assert faces.values["pose_pitch_deg"][0] == pytest.approx(np.degrees(0.082))


def test_lists_of_openface_3_are_read(tmp_path):
    path = tmp_path / "of3.csv"
    path.write_text(
        "timestamp,video_path,frame_index,face_id,face_detection,landmarks,emotion,"
        "gaze_yaw,gaze_pitch,action_units\n"
        '1700000000.1,v.mp4,7,0,"[1, 2, 11, 22, 0.9]","[]",1,0,0,'
        '"[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]"\n'
    )
    faces = read_faces(path)
    assert faces.frame.tolist() == [7]
    assert np.isnan(faces.time_s[0])
    assert faces.boxes.tolist() == [[1, 2, 11, 22]]
    assert (faces.values["AU09"][0], faces.values["AU26"][0]) == (0.5, 0.8)


def test_a_list_of_openface_3_that_is_damaged_names_its_line(tmp_path):
    path = tmp_path / "of3.csv"
    path.write_text(
        "frame_index,face_id,face_detection,emotion,action_units\n"
        '7,0,"[1, 2, 11, 22]",1,"[0.1, "\n'
    )
    with pytest.raises(OutputError, match=r"of3.csv:2: action_units must be a list"):
        read_faces(path)


def test_pyfeat_1_is_read(tmp_path):
    path = tmp_path / "feat.csv"
    path.write_text(
        "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,AU12,happiness,frame\n"
        "1,2,10,20,0.9,0.7,0.8,0\n,,,,,,,1\n"
    )
    faces = read_faces(path)
    assert faces.program == "Py-Feat 1"
    assert faces.valid.tolist() == [True, False]
    assert faces.boxes[0].tolist() == [1, 2, 11, 22]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "table of an unknown program, with columns a, b, ..."),
        ("", "no table: a header and rows are needed"),
        ("frame,timestamp,confidence,success\n", "no table: a header and rows"),
        ("a,a\n1,2\n", "two columns of its header have the same name"),
        ("frame,timestamp,confidence,success\n1,x,1,1\n", "column timestamp: "),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line_with_its_name(tmp_path, text, message):
    path = tmp_path / "odd.csv"
    path.write_text(text)
    with pytest.raises(OutputError) as raised:
        read_faces(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def by_name(report):
    return {signal.name: signal for signal in report.signals}


def test_a_table_agrees_with_its_own_conversion(store, tmp_path):
    result = store(without_face(columns_of(60), 5, 6))
    path = saved(openface_writer(openface.C)(result, ConvertOptions()), tmp_path / "o.csv")
    report = wildaffect.agreement(result.path, path)
    assert (report.num_rows, report.num_pairs) == ((58, 58), 58)
    assert report.lag.seconds == 0
    signals = by_name(report)
    assert signals["AU12_intensity"].icc > 0.999
    assert signals["AU12_intensity"].coverage == 1
    assert signals["AU12_present"].kappa == 1
    assert signals["AU12_present"].icc is None
    assert "AU12" not in signals  # a probability is not compared with an intensity


def test_bias_is_ours_less_theirs_and_coverage_counts_rows_of_either(store, tmp_path):
    columns = columns_of(40)
    ours = store(columns)
    other = dict(columns) | {"valence": [v - 0.25 for v in columns["valence"]]}
    theirs = store(without_face(other, *range(10)), "theirs.csv")
    found = by_name(wildaffect.agreement(ours.path, theirs.path))["valence"]
    assert found.limits.bias == pytest.approx(0.25, abs=1e-6)
    assert found.limits.upper == pytest.approx(0.25, abs=1e-5)
    assert (found.num_pairs, found.coverage) == (30, 0.75)


@pytest.mark.parametrize("frames", [4, -3])
def test_the_lag_is_found_and_applied_on_request_alone(store, frames):
    columns = columns_of(120)
    ours = store(columns)
    late = dict(columns) | {"time_s": [t + frames / 25 for t in columns["time_s"]]}
    theirs = store(late, "theirs.csv")
    report = wildaffect.agreement(ours.path, theirs.path)
    assert report.lag.seconds == pytest.approx(frames / 25)
    assert report.lag.correlation > 0.99
    assert by_name(report)["valence"].ccc < 0.5
    shifted = wildaffect.agreement(ours.path, theirs.path, shift_s=-frames / 25)
    assert shifted.lag.seconds == 0
    assert by_name(shifted)["valence"].ccc > 0.999


def test_people_are_matched_by_their_boxes_whatever_they_are_called(store, tmp_path):
    left, right = columns_of(30), columns_of(30, track=2)
    ours = store(merged(left, right))
    path = saved(write_pyfeat(store(merged(right, left), "b.csv"), ConvertOptions()),
                 tmp_path / "feat.csv")  # fmt: skip
    report = wildaffect.agreement(ours.path, path)
    assert report.num_pairs == 60
    assert by_name(report)["AU12"].ccc > 0.999


def test_people_without_boxes_are_refused(store, tmp_path):
    result = store(merged(columns_of(5), columns_of(5, track=2)))
    path = saved(write_libreface(result, ConvertOptions()), tmp_path / "libre.csv")
    with pytest.raises(OutputError, match="several faces, and LibreFace wrote no boxes"):
        wildaffect.agreement(result.path, path)


def test_tables_without_a_common_frame_are_refused(store):
    columns = columns_of(5)
    later = dict(columns) | {"time_s": [t + 100 for t in columns["time_s"]]}
    with pytest.raises(OutputError, match="no frame is in both"):
        wildaffect.agreement(store(columns).path, store(later, "later.csv").path)


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_the_command_prints_80_columns_and_writes_a_report(
    store, tmp_path, capsys, monkeypatch, suffix
):
    monkeypatch.setenv("COLUMNS", "80")
    result = store(columns_of(30))
    path = saved(openface_writer(openface.C)(result, ConvertOptions()), tmp_path / "o.csv")
    out = tmp_path / f"report.{suffix}"
    words = ["agreement", result.path, path, "--report", out]
    assert main(list(map(str, words))) == 0
    shown = capsys.readouterr().out
    assert "AU12_intensity" in shown
    lines = [line for line in shown.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= 80
    text = out.read_text()
    assert "AU12_intensity" in text.replace("\\", "")
    if suffix == "json":
        assert json.loads(text)["programs"] == ["wildaffect", "OpenFace 2 (C)"]
