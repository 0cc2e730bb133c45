"""Lists, answers and submissions are invented."""

import numpy as np
import pytest

from wildaffect.core.columns import masked
from wildaffect.core.errors import BadAnnotation
from wildaffect.formats.frame_lists import HEADERS, Track, read_frame_list
from wildaffect.formats.problems import Kind
from wildaffect.formats.submission import write_submission
from wildaffect.formats.submission_check import check_submission
from wildaffect.formats.submission_rows import SubmissionRows

LISTED = ["b/00002.jpg", "a/00001.jpg", "a/00001.jpg", "a/00009.jpg", "b/00004.jpg"]
UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)


@pytest.fixture
def frames(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(
        "\n".join([HEADERS[Track.MTL], *(f"{name}," for name in LISTED)]) + "\n"
    )
    return read_frame_list(path)


def answers(names, **changed):
    videos = tuple(dict.fromkeys(name.split("/")[0] for name in names))
    num = len(names)
    values = {
        "valence": np.linspace(-0.5, 0.5, num),
        "arousal": np.linspace(0.5, -0.5, num),
        "expression": np.arange(num) % 8.0,
        "action_units": np.zeros((num, 12)),
        **changed,
    }
    columns = {name: masked(column) for name, column in values.items()}
    return SubmissionRows(
        source="invented",
        videos=videos,
        video_index=np.array([videos.index(name.split("/")[0]) for name in names]),
        frame_number=np.array([int(name.split("/")[1][:5]) for name in names]),
        **columns,
    )


@pytest.mark.parametrize("track", Track)
def test_a_written_submission_passes_the_checker(tmp_path, frames, track):
    path = tmp_path / "s.txt"
    write_submission(answers(sorted(set(LISTED))), frames, track=track, path=path)
    assert check_submission(path, frames, track) == ()


def test_order_and_repeats_are_those_of_the_list(tmp_path, frames):
    path = tmp_path / "s.txt"
    write_submission(answers(sorted(set(LISTED))), frames, track=Track.MTL, path=path)
    rows = path.read_text().splitlines()
    assert rows[0] == "image,valence,arousal,expression,aus"
    assert [row.split(",")[0] for row in rows[1:]] == LISTED
    assert rows[2] == rows[3] == "a/00001.jpg,-0.5,0.5,0,0,0,0,0,0,0,0,0,0,0,0,0"


def test_a_missing_frame_takes_the_nearest_earlier_answer_else_the_later(tmp_path, frames):
    given = answers(["a/00001.jpg", "a/00008.jpg", "a/00010.jpg", "b/00003.jpg"])
    filled = write_submission(given, frames, track=Track.EXPR, path=tmp_path / "s.txt")
    rows = (tmp_path / "s.txt").read_text().splitlines()[1:]
    # a/9 <- a/8 (class 1), b/2 <- b/3 as nothing is earlier, b/4 <- b/3 (class 3)
    assert [row.split(",")[1] for row in rows] == ["3", "0", "0", "1", "3"]
    assert (filled.earlier["expression"], filled.later["expression"]) == (2, 1)


def test_each_task_is_filled_for_itself(tmp_path, frames):
    names = sorted(set(LISTED))
    expression = np.array([2, np.nan, 5, np.nan])
    write_submission(
        answers(names, expression=expression), frames, track=Track.MTL, path=tmp_path / "s"
    )
    rows = [row.split(",") for row in (tmp_path / "s").read_text().splitlines()[1:]]
    assert [row[3] for row in rows] == ["5", "2", "2", "2", "5"]
    assert rows[3][1] == "-0.166667"


def test_a_video_without_any_answer_is_refused_with_the_line_of_the_list(tmp_path, frames):
    with pytest.raises(BadAnnotation, match=r"list\.txt:2: .* got none for 'b'"):
        write_submission(
            answers(["a/00001.jpg"]), frames, track=Track.VA, path=tmp_path / "s"
        )


def test_values_beyond_the_range_are_clipped_and_counted(tmp_path, frames):
    names = sorted(set(LISTED))
    given = answers(names, valence=np.array([1.2, 0, -3, 0]))
    filled = write_submission(given, frames, track=Track.VA, path=tmp_path / "s")
    assert filled.clipped == 3  # a/00001.jpg is listed twice
    assert check_submission(tmp_path / "s", frames, Track.VA) == ()


GOOD = [
    HEADERS[Track.MTL],
    *(f"{name},0.25,-0.5,3,0,1,0,0,0,0,0,0,0,0,0,0" for name in LISTED),
]


def edit(line, old, new):
    def change(rows):
        assert old in rows[line - 1]
        rows[line - 1] = rows[line - 1].replace(old, new, 1)

    return change


def drop(line):
    return lambda rows: rows.pop(line - 1)


def insert(line, row):
    return lambda rows: rows.insert(line - 1, row)


def swap(line):
    def change(rows):
        rows[line - 1], rows[line] = rows[line], rows[line - 1]

    return change


BROKEN = {
    "another header": (edit(1, "image", "name"), 1, Kind.WRONG_HEADER),
    "no header": (drop(1), 1, Kind.WRONG_HEADER),
    "valence too great": (edit(3, "0.25", "1.01"), 3, Kind.OUT_OF_RANGE),
    "arousal not annotated": (edit(4, "-0.5", "-5"), 4, Kind.OUT_OF_RANGE),
    "valence no number": (edit(5, "0.25", "nan"), 5, Kind.UNREADABLE_VALUE),
    "valence blank": (edit(5, "0.25", ""), 5, Kind.UNREADABLE_VALUE),
    "a class beyond": (edit(6, ",3,", ",8,"), 6, Kind.OUT_OF_RANGE),
    "class not annotated": (edit(6, ",3,", ",-1,"), 6, Kind.OUT_OF_RANGE),
    "class as decimal": (edit(2, ",3,", ",3.0,"), 2, Kind.UNREADABLE_VALUE),
    "class as name": (edit(2, ",3,", ",Fear,"), 2, Kind.UNREADABLE_VALUE),
    "unit as probability": (edit(3, "0,1,0", "0,0.9,0"), 3, Kind.UNREADABLE_VALUE),
    "unit beyond": (edit(3, "0,1,0", "0,2,0"), 3, Kind.OUT_OF_RANGE),
    "a unit too few": (edit(4, "3,0,", "3,"), 4, Kind.UNREADABLE_ROW),
    "a trailing comma": (
        edit(4, "0,0,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,0,"),
        4,
        Kind.UNREADABLE_ROW,
    ),
    "a repeat removed": (drop(4), 4, Kind.MISSING_ROW),
    "the last row removed": (drop(6), 6, Kind.MISSING_ROW),
    "a row added": (insert(4, GOOD[5].replace("a/", "c/")), 4, Kind.EXTRA_ROW),
    "a row at the end": (insert(7, GOOD[5]), 7, Kind.EXTRA_ROW),
    "order changed": (swap(5), 5, Kind.MISSING_ROW),
    "another image": (edit(5, "00009", "00010"), 5, Kind.WRONG_IMAGE),
    "a blank line": (insert(3, ""), 3, Kind.EXTRA_ROW),
    "a blank before a comma": (edit(6, "jpg,", "jpg ,"), 6, Kind.WRONG_IMAGE),
    "byte order mark": (edit(1, "image", "\ufeffimage"), 1, Kind.WRONG_HEADER),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_submission_is_refused_with_its_line(tmp_path, frames, name):
    change, line, kind = BROKEN[name]
    rows = list(GOOD)
    change(rows)
    path = tmp_path / "s.txt"
    path.write_text("\n".join(rows) + "\n")
    faults = check_submission(path, frames, Track.MTL)
    assert (line, kind) in {(fault.line, fault.kind) for fault in faults}
    assert len(faults) <= 3


def test_the_untouched_submission_is_accepted(tmp_path, frames):
    path = tmp_path / "s.txt"
    path.write_text("\n".join(GOOD) + "\n")
    assert check_submission(path, frames, Track.MTL) == ()


def test_an_empty_submission_lacks_its_header_and_every_row(tmp_path, frames):
    path = tmp_path / "s.txt"
    path.write_text("")
    kinds = [fault.kind for fault in check_submission(path, frames, Track.MTL)]
    assert kinds == [Kind.WRONG_HEADER, *[Kind.MISSING_ROW] * len(LISTED)]
