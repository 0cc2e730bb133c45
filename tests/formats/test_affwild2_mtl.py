"""Values are invented; layouts are those of the module docstrings."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.formats.affwild2_mtl import find_mtl, read_mtl, write_mtl
from wildaffect.formats.problems import Kind

HEADER = "image,valence,arousal,expression,aus"
LABELED = "0,0,0,0,1,0,0,1,0,0,0,1"
NOTHING = ",".join(["-1"] * 12)


def write(path, *rows, header=HEADER, end="\n"):
    path.write_bytes(end.join([header, *rows, ""]).encode())
    return path


def test_a_header_of_five_names_stands_over_rows_of_sixteen_fields(tmp_path):
    reading = read_mtl(write(tmp_path / "a.txt", f"426/00001.jpg,0.10,0.05,3,{LABELED}"))
    a = reading.annotations
    assert a.videos == ("426",)
    assert a.frame_number.tolist() == [1]
    assert a.expression.values.tolist() == [3]
    assert a.action_units.values.tolist() == [[0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1]]
    assert a.valence.values[0] == np.float32(0.1)
    assert reading.problems == ()


@pytest.mark.parametrize("code", ["-5", "-5.0", "-5.00"])
def test_minus_five_in_any_spelling_means_not_annotated(tmp_path, code):
    a = read_mtl(
        write(tmp_path / "a.txt", f"v/00001.jpg,{code},0.5,-1,{NOTHING}")
    ).annotations
    assert not a.valence.valid[0]
    assert a.arousal.valid[0]
    assert not a.expression.valid[0]
    assert not a.action_units.valid.any()


def test_each_action_unit_has_a_mask_of_its_own(tmp_path):
    units = "1,-1,0,0,0,0,0,0,0,0,0,-1"
    a = read_mtl(write(tmp_path / "a.txt", f"v/00001.jpg,0,0,0,{units}")).annotations
    assert a.action_units.valid[0].tolist() == [True, False, *[True] * 9, False]


def test_repeated_rows_are_kept_in_order(tmp_path):
    row = f"v/00007.jpg,0.1,0.2,4,{LABELED}"
    a = read_mtl(write(tmp_path / "a.txt", row, row, row)).annotations
    assert a.frame_number.tolist() == [7, 7, 7]
    assert a.lines.tolist() == [2, 3, 4]


def test_two_people_of_one_recording_are_two_videos(tmp_path):
    rows = [f"{v}/00001.jpg,0,0,0,{LABELED}" for v in ("video59", "video59_right")]
    assert read_mtl(write(tmp_path / "a.txt", *rows)).annotations.videos == (
        "video59",
        "video59_right",
    )


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        (
            f"v/00001.jpg,-2,0,0,{LABELED}",
            Kind.OUT_OF_RANGE,
            "valence must lie in [-1, 1]",
        ),
        (f"v/00001.jpg,0,1.5,0,{LABELED}", Kind.OUT_OF_RANGE, "arousal must lie"),
        (f"v/00001.jpg,0,0,8,{LABELED}", Kind.OUT_OF_RANGE, "expression must be a whole"),
        (f"v/00001.jpg,0,0,2.5,{LABELED}", Kind.OUT_OF_RANGE, "got '2.5'"),
        (f"v/00001.jpg,0,0,0,2{LABELED[1:]}", Kind.OUT_OF_RANGE, "AU1 must be"),
        (f"v/00001.jpg,nan,0,0,{LABELED}", Kind.UNREADABLE_VALUE, "got 'nan'"),
        (f"v/00001.jpg,1_0,0,0,{LABELED}", Kind.UNREADABLE_VALUE, "got '1_0'"),
        (f"v/00001.jpg,,0,0,{LABELED}", Kind.UNREADABLE_VALUE, "got ''"),
        (f"v/00001.jpg,1e999,0,0,{LABELED}", Kind.UNREADABLE_VALUE, "1e999"),
    ],
)
def test_a_value_outside_its_code_is_masked_and_reported(tmp_path, row, kind, words):
    good = f"v/00002.jpg,0,0,0,{LABELED}"
    reading = read_mtl(write(tmp_path / "a.txt", good, row))
    (problem,) = reading.problems
    assert (problem.line, problem.kind) == (3, kind)
    assert words in problem.text
    assert len(reading.annotations) == 2
    a = reading.annotations
    masks = [a.valence.valid, a.arousal.valid, a.expression.valid, a.action_units.valid]
    assert sum(int((~mask[1]).sum()) for mask in masks) == 1


@pytest.mark.parametrize(
    ("row", "kind", "words"),
    [
        ("v/00001.jpg,0,0,0", Kind.UNREADABLE_ROW, "16 fields, got 4"),
        ("", Kind.UNREADABLE_ROW, "must not be blank"),
        (f"v/00001.jpg,0,0,0,{LABELED},7", Kind.UNREADABLE_ROW, "got 17"),
        (f"v_00001.jpg,0,0,0,{LABELED}", Kind.BAD_NAME, "<video>/<frame number>.jpg"),
        (f"../v/00001.jpg,0,0,0,{LABELED}", Kind.BAD_NAME, "image name"),
        (f"/v/00001.jpg,0,0,0,{LABELED}", Kind.BAD_NAME, "image name"),
    ],
)
def test_a_line_that_gives_no_row_is_reported_with_its_number(tmp_path, row, kind, words):
    good = f"v/00002.jpg,0,0,0,{LABELED}"
    reading = read_mtl(write(tmp_path / "a.txt", good, row, good))
    assert [(p.line, p.kind) for p in reading.problems] == [(3, kind)]
    assert words in reading.problems[0].text
    assert reading.annotations.lines.tolist() == [2, 4]
    assert reading.num_rows == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_bom_and_trailing_commas_do_not_matter(tmp_path, end):
    row = f"v/00001.jpg,0.5,-0.5,1,{LABELED},"
    path = write(tmp_path / "a.txt", row, row, header="\ufeff" + HEADER, end=end)
    reading = read_mtl(path)
    assert len(reading.annotations) == 2
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "got an empty file"),
        (b"a,b\n1,2\n", "header must read"),
        (HEADER.encode() + b"\n", "got no such row"),
        (HEADER.encode() + b"\nv/1.jpg,0\n", "got no such row"),
        (HEADER.encode() + b"\n\xff\xfe\n", "must be UTF-8"),
        (HEADER.encode("utf-16"), "UTF-8|zero byte"),
    ],
)
def test_a_file_that_is_no_annotation_file_is_refused(tmp_path, content, words):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(BadAnnotation, match=words):
        read_mtl(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingData, match=r"nowhere\.txt"):
        read_mtl(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train_set.txt", "validation_set.txt"), {"train", "val"}),
        (("training_set_annotations.txt",), {"train"}),
    ],
)
def test_the_names_of_every_edition_are_found(tmp_path, names, splits):
    folder = tmp_path / "annotations" / "MTL"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("")
    assert set(find_mtl(tmp_path)) == splits


def test_a_single_file_is_recognized_by_its_header(tmp_path):
    path = write(tmp_path / "mine.txt", f"v/00001.jpg,0,0,0,{LABELED}")
    assert find_mtl(path) == {"mine": path}
    (tmp_path / "other.txt").write_text("a,b\n")
    assert find_mtl(tmp_path / "other.txt") == {}


@st.composite
def annotation_sets(draw):
    num_rows = draw(st.integers(1, 12))
    unit = st.floats(-1, 1, width=32)
    masks = st.lists(st.booleans(), min_size=num_rows, max_size=num_rows).map(np.array)
    videos = ("v1", "video59_right")

    def column(values, dtype):
        return np.array(draw(st.lists(values, min_size=num_rows, max_size=num_rows)), dtype)

    index = column(st.integers(0, 1), np.int64)
    index -= index[0]  # the first row names the first video
    index = np.abs(index)
    frames = column(st.integers(1, 99999), np.int64)
    v, a, e = draw(masks), draw(masks), draw(masks)
    units_valid = np.stack([draw(masks) for _ in range(12)], axis=1)
    units = np.stack([column(st.integers(0, 1), np.int8) for _ in range(12)], axis=1)
    used = videos[: index.max() + 1]
    return Annotations(
        source="invented",
        videos=used,
        subjects=used,
        video_index=index,
        frame_number=frames,
        images=tuple(
            f"{videos[i]}/{n:05d}.jpg" for i, n in zip(index, frames, strict=True)
        ),
        lines=np.arange(num_rows) + 2,
        valence=TaskColumn(np.where(v, column(unit, np.float32), 0), v),
        arousal=TaskColumn(np.where(a, column(unit, np.float32), 0), a),
        expression=TaskColumn(np.where(e, column(st.integers(0, 7), np.int64), 0), e),
        action_units=TaskColumn(
            np.where(units_valid, units, 0).astype(np.int8), units_valid
        ),
    )


@settings(deadline=None, max_examples=40)
@given(annotations=annotation_sets())
def test_what_is_written_reads_back_exactly(tmp_path_factory, annotations):
    path = tmp_path_factory.mktemp("mtl") / "a.txt"
    write_mtl(annotations, path)
    reading = read_mtl(path)
    assert reading.problems == ()
    assert_same(annotations, reading.annotations)


def assert_same(first, second):
    for name in Annotations.__dataclass_fields__:
        if name not in {"source", "files", "lines"}:
            one, two = getattr(first, name), getattr(second, name)
            if isinstance(one, TaskColumn):
                np.testing.assert_array_equal(one.values, two.values, err_msg=name)
                np.testing.assert_array_equal(one.valid, two.valid, err_msg=name)
            elif isinstance(one, np.ndarray):
                np.testing.assert_array_equal(one, two, err_msg=name)
            else:
                assert one == two, name


SEED = "\n".join(
    [HEADER, *[f"v{i % 3}/{i:05d}.jpg,0.{i},-0.{i},{i % 8},{LABELED}" for i in range(9)]]
).encode()


@settings(deadline=None, max_examples=150)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 3), st.binary(max_size=3)),
        max_size=6,
    )
)
def test_any_damage_is_a_row_a_problem_or_a_refusal(tmp_path_factory, edits):
    data = bytearray(SEED)
    for place, length, put in edits:
        data[place : place + length] = put
    path = tmp_path_factory.mktemp("fuzz") / "a.txt"
    path.write_bytes(data)
    text = bytes(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n\t ")
    try:
        reading = read_mtl(path)
    except BadAnnotation:
        return
    lost = [p for p in reading.problems if p.kind.loses_row]
    assert len(reading.annotations) + len(lost) == text.count(b"\n")
    assert {*reading.annotations.lines.tolist(), *(p.line for p in lost)} == set(
        range(2, text.count(b"\n") + 2)
    )


def test_a_hundred_thousand_rows_are_read_in_a_few_seconds(tmp_path):
    # 1,000,000 rows must take under 10 s (benchmarks/formats.py); a tenth gets 3 s here.
    rows = [
        f"v{i // 900}/{i % 900 + 1:05d}.jpg,0.{i},-0.{i},{i % 8},{LABELED}"
        for i in range(100_000)
    ]
    path = write(tmp_path / "a.txt", *rows)
    start = time.process_time()
    assert len(read_mtl(path).annotations) == 100_000
    assert time.process_time() - start < 3
