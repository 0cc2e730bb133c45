"""Readers of labeled photographs, on folders invented here in the owners' layouts."""

import numpy as np
import pytest
from real_faces_sets import read_set

from wildaffect.core.errors import BadAnnotation, MissingData

HEADER = "image,person,expression"


def touch(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def ckplus(tmp_path):
    """Two people, three sequences: one with emotion and units, contempt, and unlabeled."""
    images = tmp_path / "extended-cohn-kanade-images" / "cohn-kanade-images"
    for sequence, frames in (("S005/001", 3), ("S005/002", 2), ("S010/001", 2)):
        stem = sequence.replace("/", "_")
        for frame in range(1, frames + 1):
            touch(images / sequence / f"{stem}_{frame:08d}.png")
        touch(images / sequence / ".DS_Store")
    emotion, facs = tmp_path / "Emotion_labels/Emotion", tmp_path / "FACS_labels/FACS"
    touch(emotion / "S005/001/S005_001_00000003_emotion.txt", "   3.0000000e+00\n")
    touch(
        facs / "S005/001/S005_001_00000003_facs.txt",
        "   9.0000000e+00   4.0000000e+00\n   2.7000000e+01   0.0000000e+00\n",
    )
    touch(emotion / "S010/001/S010_001_00000002_emotion.txt", "   2.0000000e+00\n")
    return tmp_path


def test_ckplus_has_one_neutral_frame_a_person_and_the_labeled_last_frames(ckplus):
    found = read_set(ckplus)
    assert found.name == "CK+"
    assert [(i.path.stem, i.person, i.expression) for i in found.images] == [
        ("S005_001_00000001", "S005", "Neutral"),
        ("S005_001_00000003", "S005", "Disgust"),
        ("S010_001_00000001", "S010", "Neutral"),
        ("S010_001_00000002", "S010", None),
    ]


def test_ckplus_units_that_are_not_coded_are_absent_and_a_wide_jaw_is_an_open_one(ckplus):
    neutral, apex, *_ = read_set(ckplus).images
    assert neutral.units == {}
    present = {unit for unit, on in apex.units.items() if on}
    assert present == {"AU09", "AU26", "AU27"}
    assert apex.units["AU12"] is False


@pytest.mark.parametrize(
    ("text", "message"),
    [("9.0\n", "emotion must be 0 to 7"), ("", "is empty"), ("x\n", "numbers alone")],
)
def test_a_ckplus_emotion_that_is_none_is_refused_with_its_file(ckplus, text, message):
    path = ckplus / "Emotion_labels/Emotion/S005/001/S005_001_00000003_emotion.txt"
    path.write_text(text)
    with pytest.raises(BadAnnotation, match=message) as error:
        read_set(ckplus)
    assert path.name in str(error.value)


def test_jaffe_is_read_from_its_file_names(tmp_path):
    for name in ("KA.AN1.39.tiff", "KA.NE2.27.tiff", "YM.SU3.60.tiff", "README.tiff"):
        touch(tmp_path / "jaffe" / name)
    found = read_set(tmp_path)
    assert found.name == "JAFFE"
    assert [(image.person, image.expression) for image in found.images] == [
        ("KA", "Anger"),
        ("KA", "Neutral"),
        ("YM", "Surprise"),
    ]


def test_a_manifest_may_lie_beside_the_folder_of_its_images_and_leave_labels_out(tmp_path):
    touch(tmp_path / "images" / "a.jpg")
    touch(tmp_path / "b.jpg")
    lines = [
        "image,person,expression,valence,AU12",
        "a.jpg,p1,happiness,0.5,1",
        "b.jpg,p2,,,",
    ]
    touch(tmp_path / "labels.csv", "\n".join(lines))
    one, two = read_set(tmp_path / "labels.csv").images
    assert (one.expression, one.valence, one.units) == ("Happiness", 0.5, {"AU12": True})
    assert (two.expression, two.units) == (None, {})
    assert np.isnan([one.arousal, two.valence]).all()
    assert [image.path for image in read_set(tmp_path).images] == [one.path, two.path]


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("image,expression\na.jpg,anger", 1, "columns must be image, person"),
        ("image,person,mood\na.jpg,p,1", 1, "columns must be"),
        (f"{HEADER}\na.jpg,p,joy", 2, "expression must be one of Neutral"),
        (f"{HEADER}\na.jpg,p", 2, "as many cells"),
        (f"{HEADER}\nb.jpg,p,anger", 2, "no such image: b.jpg"),
        (f"{HEADER},valence\na.jpg,p,,2", 2, r"valence must be within \[-1, 1\]"),
        (f"{HEADER},valence\na.jpg,p,,nan", 2, "valence must be within"),
        (f"{HEADER},AU01\na.jpg,p,,0.5", 2, r"AU01 must be within \[0, 1\]"),
    ],
)
def test_a_bad_manifest_is_refused_by_line(tmp_path, lines, line, message):
    touch(tmp_path / "a.jpg")
    touch(tmp_path / "labels.csv", lines)
    with pytest.raises(BadAnnotation, match=message) as error:
        read_set(tmp_path)
    assert f"labels.csv, line {line}" in str(error.value) or f":{line}" in str(error.value)


def test_a_folder_without_labels_is_refused_with_what_could_be_there(tmp_path):
    with pytest.raises(MissingData, match=r"neither CK\+ .*, JAFFE .* nor a manifest"):
        read_set(tmp_path)
    with pytest.raises(MissingData, match="no such folder"):
        read_set(tmp_path / "nothing")
