"""Tables of predictions as `submit` reads them."""

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv

from wildaffect.core.errors import BadAnnotation
from wildaffect.evaluation.submission_rows import read_submission_rows


def test_a_table_with_images_is_read(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "image,valence,expression,AU01,AU02_present\na/00003.jpg,0.5, Fear,0.6,\n"
    )
    given = read_submission_rows(path)
    assert given.frame_number.tolist() == [3]
    assert given.expression.values.tolist() == [3]
    assert given.action_units.values[0, 0] == 1
    assert given.action_units.valid[0].tolist() == [True, *[False] * 11]
    assert not given.arousal.valid[0]
    assert given.notes == ("probabilities of action units count as present from 0.5",)


def test_the_greatest_probability_is_the_expression(tmp_path):
    names = ("neutral anger disgust fear happiness sadness surprise other").split()
    table = {
        "image": ["a/00001.jpg"],
        **{f"p_{n}": [0.1] for n in names},
        "p_sadness": [0.3],
    }
    arrow_csv.write_csv(pa.table(table), tmp_path / "p.csv")
    assert read_submission_rows(tmp_path / "p.csv").expression.values.tolist() == [5]


def test_result_tables_count_frames_from_zero_and_keep_the_largest_face(tmp_path):
    (tmp_path / "a.csv").write_text(
        "frame,status,face_size_px,valence\n0,ok,50,0.1\n0,ok,80,0.2\n1,no_face,,\n"
    )
    (tmp_path / "b.csv").write_text("frame,status,face_size_px,valence\n4,ok,50,0.3\n")
    given = read_submission_rows(tmp_path)
    assert given.videos == ("a", "b")
    assert given.frame_number.tolist() == [1, 2, 5]
    assert given.valence.values[[0, 2]].tolist() == [0.2, 0.3]
    assert given.valence.valid.tolist() == [True, False, True]
    assert "largest" in given.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("video,valence\na,0\n", "columns must hold image"),
        ("image,valence\na_1.jpg,0\n", r":2: an image name"),
        ("image,expression\na/1.jpg,Joy\n", r":2: expression must be a class of"),
        ("image,valence\na/1.jpg,high\n", "valence must hold numbers"),
        (
            "video,frame,valence\na,1,0\na,0,1\n",
            ":3: frames .* counted from 1, got frame 0",
        ),
        ("image,valence\na/1.jpg,nan\n", ":2: valence must be a finite number"),
        ("image,expression[fer+]\na/1.jpg,Fear\n", "there is no label space"),
        ("image,valence\na/1.jpg,0\na/1.jpg,1\n", r":3: an image must have one prediction"),
        ("image,valence\na/1.jpg,0,7\n", "must be a table"),
    ],
)
def test_tables_that_are_no_predictions_are_refused(tmp_path, text, words):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(BadAnnotation, match=words):
        read_submission_rows(path)


def test_a_contradiction_between_tables_names_file_and_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"image": "a/1.jpg", "valence": 0}\n{"image": "a/1.jpg", "valence": 1}\n'
    )
    with pytest.raises(BadAnnotation, match=r"a\.jsonl:2: an image must have one"):
        read_submission_rows(tmp_path / "a.jsonl")


def test_files_of_one_name_in_two_folders_are_distinguished(tmp_path):
    for folder, value in (("first", 0), ("second", 1)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.csv").write_text(f"image,valence\na/1.jpg,{value}\n")
    message = r"second/p\.csv:2: an image .* got another than in .*first/p\.csv:2"
    with pytest.raises(BadAnnotation, match=message):
        read_submission_rows(tmp_path)
