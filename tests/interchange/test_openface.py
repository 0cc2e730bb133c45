"""CSV files of OpenFace, read as scripts for OpenFace read them."""

import io

import numpy as np
import pytest
from interchange_columns import columns_of, merged, without_face

from wildaffect.core.errors import OutputError
from wildaffect.interchange import openface
from wildaffect.interchange.export import ConvertOptions
from wildaffect.interchange.openface import openface_writer
from wildaffect.interchange.openface_columns import VALUE_COLUMNS
from wildaffect.interchange.openface_pose import (
    gaze_of_openface,
    openface_gaze,
    openface_pose,
    pose_of_openface,
)

pd = pytest.importorskip("pandas")
LEAD = ["frame", "face_id", "timestamp", "confidence", "success"]


def written(result, dialect=openface.C, **options) -> str:
    export = openface_writer(dialect)(result, ConvertOptions(**options))
    (file,) = export.files
    return file.content.decode()


def test_all_columns_are_those_of_openface_in_their_places(store):
    """The header of OpenFace 2.2.0 has 714 columns; scripts count them."""
    text = written(store(columns_of(3)), openface_all_columns=True)
    header = text.splitlines()[0].split(",")
    assert header == [*LEAD, *VALUE_COLUMNS]
    assert len(header) == len(set(header)) == 714
    assert (header[5], header[12], header[293]) == ("gaze_0_x", "gaze_angle_y", "pose_Tx")
    assert header[679:] == [
        *(f"AU{u}_r" for u in "01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45".split()),
        *(
            f"AU{u}_c"
            for u in "01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 28 45".split()
        ),
    ]


@pytest.mark.parametrize(
    ("dialect", "start"),
    [
        (openface.A, "frame, timestamp, confidence, success, gaze_angle_x, "),
        (openface.B, "frame, face_id, timestamp, confidence, success, gaze_angle_x, "),
        (openface.C, "frame,face_id,timestamp,confidence,success,gaze_angle_x,"),
    ],
)
def test_dialects_differ_in_header_and_face_id(store, dialect, start):
    header, row, *_ = written(store(columns_of(2)), dialect).splitlines()
    assert header.startswith(start)
    assert " " not in row


def test_a_script_that_takes_columns_by_position_reads_the_measurements(store):
    """`df.columns[5:]`, as MMSA-FET takes them."""
    columns = columns_of(4)
    frame = pd.read_csv(io.StringIO(written(store(columns))))
    assert list(frame.columns[:5]) == LEAD
    values = frame[frame.columns[5:]].to_numpy(float)
    assert np.isfinite(values).all()
    assert frame["frame"].tolist() == [1, 2, 3, 4]
    assert frame["timestamp"].tolist() == [0, 0.04, 0.08, 0.12]
    assert frame["AU12_r"].to_numpy() == pytest.approx(columns["AU12_intensity"], abs=0.005)
    assert frame["AU12_c"].tolist() == [float(p) for p in columns["AU12_present"]]


def test_a_script_for_windows_finds_names_with_spaces(store):
    text = written(store(columns_of(2)), openface.B)
    frame = pd.read_csv(io.StringIO(text))
    assert frame.loc[:, " AU01_r":" AU45_r"].shape == (2, 17)


def test_frames_without_a_face_are_empty_and_do_not_lower_the_mean(store):
    columns = columns_of(4)
    frame = pd.read_csv(io.StringIO(written(store(without_face(columns, 1, 2)))))
    assert frame["success"].tolist() == [1, 0, 0, 1]
    units = frame.filter(regex="AU.._[rc]")
    assert units.iloc[[1, 2]].isna().all(axis=None)
    expected = np.mean([columns["AU06_intensity"][row] for row in (0, 3)])
    assert frame["AU06_r"].mean() == pytest.approx(expected, abs=0.005)


def test_a_face_of_low_quality_is_no_success(store):
    columns = columns_of(3)
    columns["status"][1] = "low_quality"
    frame = pd.read_csv(io.StringIO(written(store(columns))))
    assert frame["success"].tolist() == [1, 0, 1]
    assert frame["AU01_c"].isna().tolist() == [False, True, False]


def test_probabilities_become_intensities_on_request_alone(store):
    columns = {k: v for k, v in columns_of(2).items() if not k.endswith("_intensity")}
    result = store(columns)
    plain = openface_writer(openface.C)(result, ConvertOptions())
    header = plain.files[0].content.decode().splitlines()[0]
    assert "AU12_r" not in header
    assert "AU12_c" in header
    assert any("no intensities" in note for note in plain.notes)
    options = ConvertOptions(openface_r="probability5")
    requested = openface_writer(openface.C)(result, options)
    frame = pd.read_csv(io.BytesIO(requested.files[0].content))
    assert frame["AU12_r"].to_numpy() == pytest.approx(
        5 * np.array(columns["AU12"]), abs=0.005
    )
    assert any("no intensity" in note for note in requested.notes)


def test_blinks_are_the_closure_of_both_eyes_and_absent_without_it(store):
    columns = columns_of(2)
    columns |= {"eye_closure_left": [1.0, 0.5], "eye_closure_right": [0.6, 0.5]}
    columns["eyes_closed"] = [True, False]
    frame = pd.read_csv(io.StringIO(written(store(columns))))
    assert frame["AU45_r"].tolist() == [4.0, 2.5]
    assert frame["AU45_c"].tolist() == [1, 0]
    for name in ("eye_closure_left", "eye_closure_right", "eyes_closed"):
        del columns[name]
    assert "AU45" not in written(store(columns)).splitlines()[0]


def test_two_people_are_told_apart_by_face_id_and_refused_without(store):
    result = store(merged(columns_of(2), columns_of(2, track=3)))
    frame = pd.read_csv(io.StringIO(written(result)))
    assert frame["face_id"].tolist() == [0, 3, 0, 3]
    with pytest.raises(OutputError, match="no face_id, and some frames have several faces"):
        written(result, openface.A)


def test_a_video_without_a_readable_face_has_the_columns_of_others(store):
    columns = columns_of(3)
    whole = written(store(columns)).splitlines()[0]
    for place in range(3):
        columns = without_face(columns, place)
    got = written(store(columns)).splitlines()
    assert got[0] == whole
    assert set(pd.read_csv(io.StringIO(written(store(columns))))["success"]) == {0}


def test_photographs_are_a_file_each_as_of_the_image_tool(store):
    columns = merged(columns_of(2), columns_of(2, track=1))
    columns["image"] = ["a.jpg", "a.jpg", "b.png", "b.png"]
    columns["status"][3] = "low_quality"
    export = openface_writer(openface.B)(store(columns), ConvertOptions())
    texts = {file.name: file.content.decode().splitlines() for file in export.files}
    assert texts["a.csv"][0].startswith("face, confidence, gaze_angle_x, ")
    assert [line.split(",")[0] for line in texts["a.csv"][1:]] == ["0", "1"]
    assert len(texts["b.csv"]) == 2


def test_photographs_of_one_stem_get_files_of_their_own(store):
    columns = merged(columns_of(2), columns_of(2, track=1))
    columns["image"] = ["a.jpg", "a.jpg", "a.png", "a.png"]
    export = openface_writer(openface.B)(store(columns), ConvertOptions())
    assert [file.name for file in export.files] == ["a.jpg.csv", "a.png.csv"]


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll", "expected"),
    [
        (0, 10, 0, (-10, 0, 0)),
        (10, 0, 0, (0, -10, 0)),
        (0, 0, 10, (0, 0, 10)),
    ],
)
def test_single_turns_have_the_signs_of_openface(yaw, pitch, roll, expected):
    """Looking up is a negative `pose_Rx`; its axes are x right, y down, z away."""
    turns = openface_pose(*(np.array([float(v)]) for v in (yaw, pitch, roll)))
    assert np.degrees([turn[0] for turn in turns]) == pytest.approx(expected, abs=1e-9)


def test_pose_and_gaze_survive_the_way_there_and_back():
    rng = np.random.default_rng(0)
    angles = [rng.uniform(-60, 60, 50) for _ in range(3)]
    back = pose_of_openface(*openface_pose(*angles))
    assert np.allclose(back, angles)
    gaze = angles[:2]
    assert np.allclose(gaze_of_openface(*openface_gaze(*gaze)), gaze)


def test_gaze_points_down_and_to_the_right_of_the_image_where_positive():
    """`gaze_angle_x` = atan2(x, -z), `gaze_angle_y` = atan2(y, -z) in OpenFace's axes."""
    across, down = openface_gaze(np.array([20.0]), np.array([-10.0]))
    yaw, pitch = np.radians(20), np.radians(-10)
    x, y, z = np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)
    assert across[0] == pytest.approx(np.arctan2(x, -z))
    assert down[0] == pytest.approx(np.arctan2(y, -z))
