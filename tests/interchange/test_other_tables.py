"""Tables for Py-Feat, LibreFace and Live Link Face."""

import io

import numpy as np
import pytest
from interchange_columns import columns_of, merged, without_face

from wildaffect.core.errors import OutputError
from wildaffect.interchange.arkit import BLENDSHAPES, time_code, write_arkit
from wildaffect.interchange.export import ConvertOptions
from wildaffect.interchange.libreface import write_libreface
from wildaffect.interchange.pyfeat import write_pyfeat

pd = pytest.importorskip("pandas")
OPTIONS = ConvertOptions()


def frame_of(export):
    (file,) = export.files
    return pd.read_csv(io.BytesIO(file.content))


def test_columns_of_pyfeat_are_in_the_order_of_its_detector(store):
    """Order of `Detectorv2` in py-feat 2.1.5; AU11 and identities are not predicted."""
    names = list(frame_of(write_pyfeat(store(columns_of(2)), OPTIONS)).columns)
    box = "FaceRectX FaceRectY FaceRectWidth FaceRectHeight FaceScore".split()
    units = (
        "AU01 AU02 AU04 AU05 AU06 AU07 AU09 AU10 AU12 AU14 AU15 AU17 AU20 AU23 AU24 AU25 "
        "AU26 AU28 AU43"
    ).split()
    after = (
        "Neutral Happy Sad Surprise Fear Disgust Anger valence arousal gaze_pitch gaze_yaw "
        "gaze_angle _neutral browDownLeft"
    ).split()
    points = [f"{axis}_{n}" for axis in "xy" for n in range(68)]
    pose = "Pitch Roll Yaw X Y Z".split()
    assert names[: len(box + points + pose + units + after)] == [
        *box, *points, *pose, *units, *after,
    ]  # fmt: skip
    assert names[-7:] == [
        "noseSneerRight", "FrameHeight", "FrameWidth", "input", "frame", "approx_time",
        "Identity",
    ]  # fmt: skip


def test_values_of_pyfeat_have_its_signs_and_units(store):
    columns = columns_of(3)
    columns |= {"pose_yaw_deg": [30.0, 0, 0], "pose_pitch_deg": [0.0, 30, 0]}
    columns["eye_yaw_deg"] = [90.0, 0, 0]
    frame = frame_of(write_pyfeat(store(without_face(columns, 2)), OPTIONS))
    assert frame["Yaw"].tolist()[:2] == pytest.approx([-np.pi / 6, 0], abs=1e-6)
    assert frame["Pitch"].tolist()[:2] == pytest.approx([0, np.pi / 6], abs=1e-6)
    assert frame["gaze_yaw"][0] == pytest.approx(-np.pi / 2, abs=1e-6)
    assert frame["Happy"][0] == pytest.approx(columns["p_happiness"][0], abs=1e-6)
    assert frame["FaceRectWidth"][0] == 80
    assert frame["Identity"].tolist()[:2] == ["Person_0", "Person_0"]
    assert frame.iloc[2][["AU12", "Happy", "valence", "Identity"]].isna().all()
    assert "AU11" not in frame


def test_pyfeat_itself_reads_the_file_and_averages_it(store, tmp_path):
    """Runs where py-feat is installed, which no extra of this package does."""
    io_of_feat = pytest.importorskip("feat.utils.io", exc_type=ImportError)
    columns = columns_of(4)
    export = write_pyfeat(store(without_face(columns, 1)), OPTIONS)
    path = tmp_path / "clip.csv"
    path.write_bytes(export.files[0].content)
    fex = io_of_feat.read_feat(str(path))
    assert fex.detector == "Detectorv2"
    assert fex.aus.shape == (4, 19)
    mean = np.mean([columns["AU12"][row] for row in (0, 2, 3)])
    assert fex.extract_mean().aus["mean_AU12"][0] == pytest.approx(mean, abs=1e-6)
    assert list(fex.emotions.columns)[:2] == ["Neutral", "Happy"]


def test_a_name_that_a_spreadsheet_would_compute_is_text(store):
    result = store(columns_of(1), name='=HYPERLINK("x"),.mp4')
    text = write_pyfeat(result, OPTIONS).files[0].content.decode()
    assert '"\'=HYPERLINK(""x""),.mp4"' in text


def test_libreface_has_decisions_intensities_and_the_label(store):
    columns = columns_of(3)
    frame = frame_of(write_libreface(store(without_face(columns, 1)), OPTIONS))
    assert list(frame.columns[:3]) == ["frame_idx", "frame_time_in_ms", "au_1"]
    assert frame.columns[-1] == "facial_expression"
    assert frame["frame_time_in_ms"].tolist() == [0, 0.04, 0.08]
    assert frame["au_12"].isna().tolist() == [False, True, False]
    assert frame["au_12_intensity"][0] == pytest.approx(
        columns["AU12_intensity"][0], abs=5e-4
    )
    assert "au_18" not in frame
    assert frame["facial_expression"][0] == "Happiness"


def test_arkit_writes_a_file_per_person_with_the_header_of_the_app(store):
    columns = merged(columns_of(3), without_face(columns_of(3, track=1), 1))
    export = write_arkit(store(columns), OPTIONS)
    assert [file.name for file in export.files] == ["clip.person0.csv", "clip.person1.csv"]
    first = pd.read_csv(io.BytesIO(export.files[0].content))
    assert list(first.columns[:3]) == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert len(first.columns) == 63
    assert len(set(BLENDSHAPES)) == 52
    assert first["Timecode"].tolist()[1] == "00:00:00:01.000"
    assert first["TongueOut"].isna().all()
    assert first["JawOpen"][0] == pytest.approx(columns["blendshape_jawOpen"][0], abs=1e-6)
    assert len(pd.read_csv(io.BytesIO(export.files[1].content))) == 2


def test_arkit_without_blendshapes_says_how_to_get_them(store):
    columns = {k: v for k, v in columns_of(1).items() if not k.startswith("blendshape")}
    with pytest.raises(
        OutputError, match=r"no blendshapes in this result; run .*--blendsh"
    ):
        write_arkit(store(columns), OPTIONS)


def test_arkit_of_a_video_without_a_face_is_an_error(store):
    with pytest.raises(OutputError, match="no face was read"):
        write_arkit(store(without_face(columns_of(2), 0, 1)), OPTIONS)


@pytest.mark.parametrize(
    ("time_s", "rate_hz", "expected"),
    [
        (0, 60, "00:00:00:00.000"),
        (3661.5, 60, "01:01:01:30.000"),
        (1 / 3, 25, "00:00:00:08.333"),
        (0.99999999, 30, "00:00:01:00.000"),
    ],
)
def test_time_codes_count_frames_within_the_second(time_s, rate_hz, expected):
    assert time_code(time_s, rate_hz) == expected
