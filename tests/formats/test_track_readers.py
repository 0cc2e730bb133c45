"""Values are invented; layouts are those of the module docstrings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import Task
from wildaffect.formats.affwild2_au import find_au, read_au, write_au
from wildaffect.formats.affwild2_expr import find_expr, read_expr, write_expr
from wildaffect.formats.affwild2_va import find_va, read_va, write_va
from wildaffect.formats.image_names import recording_of
from wildaffect.formats.problems import Kind

EIGHT = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
SEVEN = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise"
UNITS_12 = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
UNITS_8 = "AU1,AU2,AU4,AU6,AU12,AU15,AU20,AU25"


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_line_i_belongs_to_image_number_i(tmp_path):
    a = read_va(
        put(tmp_path / "s", video2=["valence,arousal", "0.1,0.2", "-5,-5"])
    ).annotations
    assert a.images == ("video2/00001.jpg", "video2/00002.jpg")
    assert a.frame_number.tolist() == [1, 2]
    assert a.lines.tolist() == [2, 3]
    assert a.valence.valid.tolist() == [True, False]


def test_the_older_seven_classes_keep_their_own_label_space(tmp_path):
    a = read_expr(put(tmp_path / "s", v=[SEVEN, "6", "-1"])).annotations
    assert a.spaces.expressions.name == "affwild2-expressions-7"
    assert a.spaces.expressions.labels[a.expression.values[0]] == "Surprise"
    assert not a.expression.valid[1]


def test_code_seven_is_out_of_range_under_the_older_header(tmp_path):
    reading = read_expr(put(tmp_path / "s", v=[SEVEN, "7"]))
    assert reading.problems[0].kind is Kind.OUT_OF_RANGE
    assert reading.problems[0].line == 2


def test_the_older_eight_units_keep_their_own_label_space(tmp_path):
    a = read_au(put(tmp_path / "s", v=[UNITS_8, "0,0,0,0,0,0,1,0"])).annotations
    assert a.spaces.action_units.labels[6] == "AU20"
    assert a.action_units.values[0, 6] == 1


def test_two_releases_in_one_folder_are_refused(tmp_path):
    folder = put(tmp_path / "s", a=[EIGHT, "0"], b=[SEVEN, "0"])
    with pytest.raises(BadAnnotation, match=r"b\.txt:1: all files of s must have"):
        read_expr(folder)


def test_a_header_of_another_track_is_refused(tmp_path):
    with pytest.raises(BadAnnotation, match="the header must read"):
        read_va(put(tmp_path / "s", v=[EIGHT, "0"]))


def test_a_folder_without_files_is_reported(tmp_path):
    with pytest.raises(MissingData, match=r"<video>\.txt"):
        read_au(put(tmp_path / "s"))


def test_a_blank_line_keeps_the_numbers_of_the_frames_after_it(tmp_path):
    reading = read_expr(put(tmp_path / "s", v=[EIGHT, "1", "", "2"]))
    assert reading.annotations.frame_number.tolist() == [1, 2, 3]
    assert reading.annotations.expression.valid.tolist() == [True, False, True]
    assert [p.line for p in reading.problems] == [3]


def test_a_short_line_is_lost_with_its_own_number_alone(tmp_path):
    reading = read_va(put(tmp_path / "s", v=["valence,arousal", "0,0", "0", "0,1"]))
    assert reading.annotations.frame_number.tolist() == [1, 3]
    assert [(p.line, p.kind) for p in reading.problems] == [(3, Kind.UNREADABLE_ROW)]


def test_a_video_without_lines_is_reported(tmp_path):
    reading = read_va(
        put(tmp_path / "s", a=["valence,arousal"], b=["valence,arousal", "0,0"])
    )
    assert [p.kind for p in reading.problems] == [Kind.EMPTY_FILE]


@pytest.mark.parametrize(
    ("name", "recording"),
    [
        ("video59_right", "video59"),
        ("video59", "video59"),
        ("10-60-1280x720_left", "10-60-1280x720"),
        ("leftovers", "leftovers"),
    ],
)
def test_people_of_one_recording_share_its_name(name, recording):
    assert recording_of(name) == recording


def test_splits_are_found_by_what_the_files_say(tmp_path):
    put(tmp_path / "VA_Estimation_Challenge" / "Train_Set", v=["valence,arousal", "0,0"])
    put(
        tmp_path / "AU_Detection_Challenge" / "Validation_Set",
        v=[UNITS_12, "0" + ",0" * 11],
    )
    put(tmp_path / "EXPR_Classification_Challenge" / "Train_Set", v=[EIGHT, "0"])
    assert {k: p.parent.name for k, p in find_va(tmp_path).items()} == {
        "train": "VA_Estimation_Challenge"
    }
    assert list(find_au(tmp_path)) == ["val"]
    assert list(find_expr(tmp_path)) == ["train"]


@settings(deadline=None, max_examples=30)
@given(
    values=st.lists(
        st.tuples(st.one_of(st.none(), st.floats(-1, 1, width=32)), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_valence_and_arousal_read_back_exactly(tmp_path_factory, values):
    lines = [
        "-5,-5" if v is None else f"{np.float32(v)!s},{0.25 if more else -5}"
        for v, more in values
    ]
    first = read_va(put(tmp_path_factory.mktemp("a"), v=["valence,arousal", *lines]))
    folder = tmp_path_factory.mktemp("b")
    write_va(first.annotations, folder)
    second = read_va(folder)
    for task in (Task.VALENCE, Task.AROUSAL):
        once, again = first.annotations[task], second.annotations[task]
        np.testing.assert_array_equal(once.values, again.values)
        np.testing.assert_array_equal(once.valid, again.valid)
    np.testing.assert_array_equal(
        first.annotations.frame_number, second.annotations.frame_number
    )
    assert second.annotations.images == first.annotations.images


@pytest.mark.parametrize(
    ("read", "write", "lines"),
    [
        (read_expr, write_expr, [EIGHT, "7", "-1", "0"]),
        (read_expr, write_expr, [SEVEN, "6", "-1"]),
        (read_au, write_au, [UNITS_12, ",".join("01" * 6), ",".join(["-1"] * 12)]),
        (read_au, write_au, [UNITS_8, ",".join("01" * 4)]),
    ],
)
def test_codes_and_headers_are_written_as_they_were_read(tmp_path, read, write, lines):
    source = put(tmp_path / "a", video1_left=lines, other=lines)
    write(read(source).annotations, tmp_path / "b")
    for name in ("video1_left.txt", "other.txt"):
        assert (tmp_path / "b" / name).read_text() == (source / name).read_text()


def test_a_frame_that_stands_twice_cannot_be_written(tmp_path):
    a = read_va(put(tmp_path / "s", v=["valence,arousal", "0,0", "0,0"])).annotations
    a.frame_number[1] = 1
    with pytest.raises(ValueError, match="each frame must stand once"):
        write_va(a, tmp_path / "out")


SEED = "\n".join([UNITS_12, *["0,1" + ",0" * 10] * 6]).encode()


@settings(deadline=None, max_examples=80)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 3), st.binary(max_size=3)),
        max_size=5,
    )
)
def test_any_damage_is_a_row_a_problem_or_a_refusal(tmp_path_factory, edits):
    data = bytearray(SEED)
    for place, length, put_in in edits:
        data[place : place + length] = put_in
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "v.txt").write_bytes(data)
    text = bytes(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n\t ")
    try:
        reading = read_au(folder)
    except BadAnnotation:
        return
    lost = sum(p.kind.loses_row for p in reading.problems)
    assert len(reading.annotations) + lost == text.count(b"\n")
