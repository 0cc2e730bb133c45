"""Tables are invented."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from wildaffect.core.errors import BadAnnotation, EvaluationError, MissingData
from wildaffect.core.tasks import ABAW_TASKS
from wildaffect.data.annotated import read_annotated
from wildaffect.evaluation.matching import NONE, match_rows
from wildaffect.evaluation.tables import read_predictions
from wildaffect.formats.columns import Rows, build_annotations

PROBABILITIES = "neutral anger disgust fear happiness sadness surprise other".split()


def table(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def matched(path, truth, first_frame=1):
    annotations = read_annotated(truth).annotations
    return match_rows(read_predictions(path), annotations, first_frame=first_frame).tolist()


FRAMES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6)), max_size=12)


@given(
    wanted=FRAMES.filter(len),
    given_rows=FRAMES.filter(len).map(lambda rows: sorted(set(rows))),
)
@settings(max_examples=60, deadline=None)
def test_rows_are_matched_as_a_dictionary_would(tmp_path_factory, wanted, given_rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    lines = [f"{video},{number},0.5" for video, number in given_rows]
    path.write_text("\n".join(["video,frame,valence", *lines]) + "\n")
    videos = tuple(dict.fromkeys(video for video, _ in wanted))
    rows = Rows(
        source="invented",
        videos=videos,
        video_index=np.array([videos.index(video) for video, _ in wanted]),
        frame_number=np.array([number for _, number in wanted]),
        images=[f"{video}/{number}.jpg" for video, number in wanted],
        lines=np.arange(len(wanted)) + 1,
    )
    place = {key: row for row, key in enumerate(given_rows)}
    expected = [place.get(key, NONE) for key in wanted]
    if max(expected) == NONE:
        with pytest.raises(EvaluationError, match="got none"):
            match_rows(read_predictions(path), build_annotations(rows), first_frame=1)
    else:
        found = match_rows(read_predictions(path), build_annotations(rows), first_frame=1)
        assert found.tolist() == expected


def test_repeated_official_rows_all_take_the_same_prediction(truth, prediction_file):
    assert matched(prediction_file, truth) == [0, 1, 2, 2, 3, 4, 5, 6]


def test_rows_are_found_by_video_and_number(tmp_path, truth):
    path = table(tmp_path, "video,frame,valence\nb,3,0\na,9,0\n")
    expected = [NONE, NONE, 1, 1, NONE, 0, NONE, NONE]
    assert matched(path, truth) == expected


def test_a_result_table_counts_from_zero_in_the_video_it_is_named_after(tmp_path, truth):
    path = table(tmp_path, "frame,time_s,valence\n0,0.0,0\n8,0.3,0\n", "a.csv")
    assert matched(path, truth) == [0, NONE, 1, 1, NONE, NONE, NONE, NONE]


def test_a_folder_of_result_tables_is_one_set_of_predictions(tmp_path, truth):
    folder = tmp_path / "results"
    folder.mkdir()
    table(folder, "frame,valence\n0,0.25\n", "a.csv")
    table(folder, "frame,valence\n1,0.5\n", "b.csv")
    assert matched(folder, truth) == [0, NONE, NONE, NONE, 1, NONE, NONE, NONE]
    assert read_predictions(folder).predictions.valence.values.tolist() == [0.25, 0.5]


def test_of_several_faces_the_largest_counts_and_a_note_says_so(tmp_path, truth):
    text = "frame,face_size_px,valence\n0,20,0.1\n0,80,0.9\n3,10,0.2\n"
    found = read_predictions(table(tmp_path, text, "a.csv"))
    assert found.predictions.valence.values.tolist() == [0.9, 0.2]
    assert "largest was kept; left out: 1" in found.notes[0]


def test_frames_of_a_manifest_need_a_first_frame_number(tmp_path):
    head = "image,video,frame,valence\n"
    table(tmp_path, head + "x1.png,x,1,0.1\nx2.png,x,2,0.2\n", "manifest.csv")
    path = table(tmp_path, "frame,valence\n0,0\n1,0\n", "x.csv")
    with pytest.raises(EvaluationError, match="use `first_frame=0` or `first_frame=1`"):
        matched(path, tmp_path / "manifest.csv", first_frame=None)
    assert matched(path, tmp_path / "manifest.csv", first_frame=1) == [0, 1]
    table(tmp_path, head + "x1.png,x,0,0.1\nx2.png,x,1,0.2\n", "manifest.csv")
    assert matched(path, tmp_path / "manifest.csv", first_frame=None) == [0, 1]


def test_photographs_are_found_by_their_name(tmp_path):
    table(tmp_path, "image,valence\np/one.jpg,0.1\np/two.jpg,0.2\n", "manifest.csv")
    path = table(tmp_path, "image,valence\np/two.jpg,0.5\n")
    assert matched(path, tmp_path / "manifest.csv") == [NONE, 0]


def test_no_common_row_is_reported_with_examples_of_both_sides(tmp_path, truth):
    path = table(tmp_path, "video,frame,valence\nclip,7,0\n")
    with pytest.raises(EvaluationError, match=r"clip, frame 7; annotated: a/00001.jpg"):
        matched(path, truth)


def test_two_answers_for_one_frame_are_refused_with_their_lines(tmp_path, truth):
    path = table(tmp_path, "image,valence\na/00001.jpg,0.1\na/00001.jpg,0.2\n")
    with pytest.raises(EvaluationError, match=r"valence in .*t\.csv:3 than in .*t\.csv:2"):
        matched(path, truth)
    again = table(tmp_path, "image,valence\na/00001.jpg,0.1\na/00001.jpg,0.1\n")
    assert matched(again, truth)[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,valence\na/1.jpg,0\na/2.jpg,nan\n", r":3: valence must be a finite .* nan"),
        ("image,valence\na/1.jpg,inf\n", r":2: valence must be a finite number"),
        ("image,valence\na/1.jpg,good\n", "valence must hold numbers"),
        ("image,valance\na/1.jpg,0\n", "'valance'; did you mean 'valence'"),
        ("image,Valence\na/1.jpg,0\n", "'Valence'; did you mean 'valence'"),
        ("image,AU1,AU02\na/1.jpg,0,0\n", "'AU1'; did you mean 'AU"),
        ("image,score\na/1.jpg,0\n", "columns must hold valence, arousal"),
        ("valence\n0\n", "columns must hold image, or video and frame"),
        ("image,valence\n", "must hold at least one row, got none"),
        ("image,valence,valence\na/1.jpg,0,0\n", "columns must be distinct"),
        ("image,valence\na/1.jpg,0\n,0\n", ":3: image must be given in every row"),
        ("video,frame,valence\na,1.5,0\n", ":2: frame must be a whole number"),
        ("image,expression\na/1.jpg,Happines\n", "did you mean 'Happiness'"),
        ("image,expression[mine]\na/1.jpg,Joy\n", "no label space 'mine'"),
        ("image,p_neutral,p_anger\na/1.jpg,1,0\n", "none of p_disgust"),
        ("image,AU01\na/1.jpg,3.5\n", r"AU01 must lie in \[0, 1\] .* got 3.5"),
        ("image,AU01_present\na/1.jpg,0.5\n", "AU01_present must be 0 or 1, got 0.5"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(BadAnnotation, match=message):
        read_predictions(table(tmp_path, text))


def test_a_result_is_read_in_the_classes_that_its_sidecar_names(tmp_path):
    path = table(tmp_path, "frame,expression\n0,Contempt\n")
    labels = {"name": "affectnet-expressions-8", "labels": ["Neutral", "Contempt"]}
    sidecar = {"columns": [], "label_spaces": {"expressions": labels}}
    table(tmp_path, json.dumps(sidecar), "t.csv.json")
    found = read_predictions(path).predictions
    assert found.spaces.expressions.labels == ("Neutral", "Contempt")
    assert found.expression.values.tolist() == [1]


def test_columns_of_ones_own_are_left_alone(tmp_path):
    text = "image,video_id,subject_id,gaze_x,valence\na/1.jpg,a,p,0.1,0.5\n"
    assert read_predictions(table(tmp_path, text)).predictions.valence.values.tolist() == [
        0.5
    ]


def test_what_is_not_there_or_no_table_is_refused(tmp_path):
    with pytest.raises(MissingData, match="no such file: "):
        read_predictions(tmp_path / "none.csv")
    with pytest.raises(MissingData, match="must hold tables"):
        read_predictions(tmp_path)
    with pytest.raises(BadAnnotation, match=r"got '\.xlsx'"):
        read_predictions(table(tmp_path, "x", "t.xlsx"))


def test_the_greatest_probability_decides_where_there_is_no_name(tmp_path):
    columns = ",".join(f"p_{name}" for name in PROBABILITIES)
    rows = "a/1.jpg,0,0,0,0,0.9,0,0.1,0\na/2.jpg,,,,,,,,\n"
    found = read_predictions(table(tmp_path, f"image,{columns}\n{rows}"))
    assert found.predictions.expression.values[:1].tolist() == [4]
    assert found.predictions.expression.valid.tolist() == [True, False]


def test_a_decision_goes_before_its_probability(tmp_path):
    text = "image,AU01,AU01_present,AU02\na/1.jpg,0.9,false,0.5\na/2.jpg,,,0.49\n"
    found = read_predictions(table(tmp_path, text))
    units = found.predictions.action_units
    assert units.valid.tolist() == [[True, True], [False, True]]
    assert units.values[units.valid].tolist() == [0, 1, 0]
    assert "from 0.5" in found.notes[0]


def test_parquet_gives_what_csv_gives(tmp_path):
    columns = {"image": ["a/1.jpg", "a/2.jpg"], "valence": [0.5, None], "AU01": [1, 0]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    path = table(tmp_path, "image,valence,AU01\na/1.jpg,0.5,1\na/2.jpg,,0\n")
    first = read_predictions(path).predictions
    second = read_predictions(tmp_path / "t.parquet").predictions
    for task in ABAW_TASKS:
        assert np.array_equal(first[task].valid, second[task].valid)
        assert not first[task].differs(second[task]).any()
    assert first.valence.values[0] == 0.5


def test_values_beyond_the_scale_are_scored_as_they_are_and_reported(tmp_path):
    found = read_predictions(table(tmp_path, "image,valence\na/1.jpg,1.5\n"))
    assert found.predictions.valence.values.tolist() == [1.5]
    assert "1 values of valence lie beyond [-1, 1], up to 1.5" in found.notes[0]
