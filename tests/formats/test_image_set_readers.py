"""Values are invented; layouts are those of the module docstrings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.formats.affectnet import (
    COLUMNS,
    find_affectnet_arrays,
    find_affectnet_csv,
    read_affectnet_arrays,
    read_affectnet_csv,
)
from wildaffect.formats.bp4d import find_bp4d, read_bp4d
from wildaffect.formats.disfa import find_disfa, read_disfa
from wildaffect.formats.emotionet import find_emotionet, read_emotionet, read_emotionet_file
from wildaffect.formats.ferplus import majority, read_ferplus
from wildaffect.formats.manifest import read_manifest
from wildaffect.formats.problems import Kind
from wildaffect.formats.rafdb import find_rafdb, read_rafdb

FER_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
    "unknown,NF"
)


def put(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


# AffectNet


def affectnet_row(image, expression, valence, arousal):
    return f"{image},1,2,30,40,1.5;2.5;3;4,{expression},{valence},{arousal}"


def test_affectnet_codes_without_expression_are_masked(tmp_path):
    rows = [
        affectnet_row(f"1/{i}.jpg", code, -2, 0.5) for i, code in enumerate([7, 8, 9, 10])
    ]
    reading = read_affectnet_csv(put(tmp_path / "training.csv", ",".join(COLUMNS), *rows))
    a = reading.annotations
    assert a.spaces.expressions.labels[a.expression.values[0]] == "Contempt"
    assert a.expression.valid.tolist() == [True, False, False, False]
    assert not a.valence.valid.any()
    assert a.arousal.valid.all()
    assert reading.problems == ()


def test_affectnet_codes_beyond_are_reported(tmp_path):
    path = put(tmp_path / "t.csv", ",".join(COLUMNS), affectnet_row("1/a.jpg", 11, 0, -3))
    reading = read_affectnet_csv(path)
    assert [p.line for p in reading.problems] == [2, 2]


def test_affectnet_of_another_header_is_refused(tmp_path):
    with pytest.raises(BadAnnotation, match="header must read 'subDirectory"):
        read_affectnet_csv(put(tmp_path / "t.csv", "image,label", "a.jpg,1"))


def test_a_training_csv_of_something_else_is_not_affectnet(tmp_path):
    put(tmp_path / "training.csv", "emotion,pixels", "1,2")
    assert find_affectnet_csv(tmp_path) == {}


def save_arrays(folder, stem, **values):
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    for part, value in values.items():
        np.save(folder / "annotations" / f"{stem}_{part}.npy", value)


@pytest.mark.parametrize("kind", [str, np.float64, np.int64])
def test_affectnet_arrays_hold_strings_or_numbers(tmp_path, kind):
    folder = tmp_path / "train_set"
    save_arrays(folder, "17", exp=kind(3), val=np.str_("0.25"), aro=np.float64(-0.5))
    assert find_affectnet_arrays(tmp_path) == {"train": folder}
    a = read_affectnet_arrays(folder).annotations
    assert a.images == ("17.jpg",)
    assert (a.expression.values[0], a.valence.values[0], a.arousal.values[0]) == (
        3,
        0.25,
        -0.5,
    )


def test_an_image_without_all_its_arrays_is_reported(tmp_path):
    folder = tmp_path / "val_set"
    save_arrays(folder, "1", exp="1", val="0", aro="0")
    save_arrays(folder, "2", exp="1", val="0")
    save_arrays(folder, "3", exp="1", val=np.zeros(2), aro="0")
    reading = read_affectnet_arrays(folder)
    assert reading.annotations.images == ("1.jpg",)
    assert [p.kind for p in reading.problems] == [Kind.MISSING_PART] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"0\0\0\0.", b"0\0\0\x7f."),  # beyond the last character of Unicode
        (b"0\0\0\0.", b"0\xd8\0\0."),  # half of a pair of UTF-16
        (b"<U3", b"<f3"),
        (b"<U3", b"<U0"),
        (b"<U3'", b"<U99999999999'"),
    ],
)
def test_an_array_whose_value_is_no_text_is_reported(tmp_path, old, new):
    save_arrays(tmp_path, "1", exp="1", val="0.5", aro="0")
    path = tmp_path / "annotations/1_val.npy"
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
    (problem,) = read_affectnet_arrays(tmp_path).problems
    assert problem.kind is Kind.MISSING_PART


@settings(deadline=None, max_examples=60)
@given(place=st.integers(0, 139), put_in=st.binary(min_size=1, max_size=3))
def test_a_damaged_array_is_a_row_or_a_problem(tmp_path_factory, place, put_in):
    folder = tmp_path_factory.mktemp("fuzz")
    save_arrays(folder, "1", exp="1", val="0.5", aro="0")
    path = folder / "annotations" / "1_val.npy"
    data = bytearray(path.read_bytes())
    data[place : place + len(put_in)] = put_in
    path.write_bytes(data)
    reading = read_affectnet_arrays(folder)
    assert len(reading.annotations) + len(reading.problems) >= 1


# RAF-DB


def test_rafdb_codes_begin_at_one_and_the_name_gives_the_split(tmp_path):
    path = put(
        tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt",
        "train_00001.jpg 1",
        "train_00002.jpg 7",
        "test_0001.jpg 4",
    )
    assert set(find_rafdb(tmp_path)) == {"train", "test"}
    train, test = (
        read_rafdb(path, "train").annotations,
        read_rafdb(path, "test").annotations,
    )
    names = train.spaces.expressions.labels
    assert [names[code] for code in train.expression.values] == ["Surprise", "Neutral"]
    assert train.images == ("train_00001_aligned.jpg", "train_00002_aligned.jpg")
    assert [names[code] for code in test.expression.values] == ["Happiness"]
    assert test.lines.tolist() == [3]


def test_compound_expressions_are_refused(tmp_path):
    path = put(tmp_path / "list_patition_label.txt", "train_1.jpg 1", "train_2.jpg 11")
    with pytest.raises(BadAnnotation, match=r":2: .* use the basic subset"):
        read_rafdb(path, "train")


# FER+


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ((6, 4, 0, 0, 0, 0, 0, 0, 0, 0), 0),
        ((5, 5, 0, 0, 0, 0, 0, 0, 0, 0), None),
        ((5, 1, 1, 1, 1, 1, 0, 0, 0, 0), 0),
        ((1, 1, 1, 1, 1, 1, 1, 1, 1, 1), None),
        ((4, 0, 0, 0, 0, 0, 0, 0, 6, 0), None),
        ((4, 0, 0, 0, 0, 0, 0, 0, 0, 6), None),
        ((0, 0, 0, 0, 0, 0, 0, 8, 2, 0), 7),
    ],
)
def test_a_class_needs_more_than_half_of_the_votes_that_are_no_outliers(votes, winner):
    # By hand from the rule of the FER+ authors' majority mode.
    counts = np.array([votes], float)
    field = majority(TaskColumn(values=counts, valid=np.ones(counts.shape, bool)))
    assert bool(field.valid[0]) == (winner is not None)
    if winner is not None:
        assert field.values[0] == winner


def test_ferplus_splits_by_usage_and_leaves_out_removed_photographs(tmp_path):
    path = put(
        tmp_path / "fer2013new.csv",
        FER_HEADER,
        "Training,fer0000000.png,10,0,0,0,0,0,0,0,0,0",
        "Training,,0,0,0,0,0,0,0,0,0,10",
        "PublicTest,fer0000002.png,0,10,0,0,0,0,0,0,0,0",
        "Nonsense,fer0000003.png,0,10,0,0,0,0,0,0,0,0",
    )
    train = read_ferplus(path, "train")
    assert train.annotations.images == ("FER2013Train/fer0000000.png",)
    assert [p.line for p in train.problems] == [5]
    val = read_ferplus(path, "val")
    assert val.annotations.images == ("FER2013Valid/fer0000002.png",)
    assert val.problems == ()


# EmotioNet


def emotionet_line(url, **units):
    values = ["999"] * 60
    for name, value in units.items():
        values[int(name[2:]) - 1] = str(value)
    return "\t".join([url, "http://origin/x.jpg", *values])


def test_emotionet_positions_are_unit_numbers(tmp_path):
    url = "https://host/emotionet/Images/N_1/N_0001.jpg"
    path = put(tmp_path / "dataFile_0001.txt", emotionet_line(url, AU1=0, AU12=1, AU43=-1))
    a = read_emotionet_file(path).annotations
    assert a.images == ("N_1/N_0001.jpg",)
    units = a.spaces.action_units
    assert a.action_units.valid[0].sum() == 2
    assert a.action_units.values[0, units.index("AU12")] == 1
    assert a.action_units.valid[0, units.index("AU01")]


def test_the_file_annotated_by_people_is_the_validation_split(tmp_path):
    for name in ("dataFile_0001.txt", "dataFile_0002.txt", "dataFile_1000.txt"):
        put(tmp_path / name, emotionet_line(f"u/Images/{name[:-4]}.jpg", AU1=1))
    assert set(find_emotionet(tmp_path)) == {"train", "val"}
    train = read_emotionet(tmp_path, "train").annotations
    assert train.images == ("dataFile_0001.jpg", "dataFile_0002.jpg")
    assert train.action_units.values[:, 0].tolist() == [1, 1]
    assert [file.rpartition("/")[2] for file in train.files] == [
        "dataFile_0001.txt",
        "dataFile_0002.txt",
    ]
    assert len(read_emotionet(tmp_path, "val").annotations) == 1


# DISFA and BP4D

DISFA_UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def put_disfa(root, subject="SN001", **changed):
    folder = root / "ActionUnit_Labels" / subject
    for unit in DISFA_UNITS:
        lines = changed.get(f"au{unit}", ["1,0", "2,1", "3,2"])
        put(folder / f"{subject}_au{unit}.txt", *lines)
    return folder.parent


def test_disfa_occurrence_is_intensity_two_or_more(tmp_path):
    folder = put_disfa(tmp_path)
    assert find_disfa(tmp_path) == {"all": folder}
    a = read_disfa(folder).annotations
    assert a.action_units.values[:, 0].tolist() == [0, 0, 1]
    assert a.images[0] == "SN001/00001.jpg"


def test_disfa_files_are_paired_by_frame_number(tmp_path):
    a = read_disfa(put_disfa(tmp_path, au26=["3,0", "1,5", "2,1"])).annotations
    assert a.action_units.values[:, 11].tolist() == [1, 0, 0]


def test_disfa_files_of_different_frames_are_refused(tmp_path):
    with pytest.raises(BadAnnotation, match="must number the same frames, got frame 3"):
        read_disfa(put_disfa(tmp_path, au4=["1,0", "2,0"]))


def test_disfa_frames_stand_once(tmp_path):
    with pytest.raises(BadAnnotation, match=r"au1\.txt:2: a frame must stand once, got 1"):
        read_disfa(put_disfa(tmp_path, au1=["1,0", "1,0", "3,0"]))


def test_disfa_intensities_beyond_five_are_masked(tmp_path):
    reading = read_disfa(put_disfa(tmp_path, au2=["1,6", "2,0", "3,x"]))
    assert [(p.line, p.kind) for p in reading.problems] == [
        (1, Kind.OUT_OF_RANGE),
        (3, Kind.UNREADABLE_VALUE),
    ]
    assert reading.annotations.action_units.valid[:, 1].tolist() == [False, True, False]


BP4D_HEADER = "0," + ",".join(map(str, range(1, 40)))


def bp4d_row(frame, **units):
    values = ["0"] * 39
    for name, value in units.items():
        values[int(name[2:]) - 1] = str(value)
    return ",".join([str(frame), *values])


def test_bp4d_reads_occurrence_and_nine_as_not_coded(tmp_path):
    put(
        tmp_path / "AUCoding" / "AU_OCC" / "F001_T1.csv",
        BP4D_HEADER,
        bp4d_row(2440, AU12=1),
        bp4d_row(2441, AU12=9),
    )
    a = read_bp4d(find_bp4d(tmp_path)["all"]).annotations
    column = a.spaces.action_units.index("AU12")
    assert a.action_units.values[:, column].tolist() == [1, 0]
    assert a.action_units.valid[:, column].tolist() == [True, False]
    assert a.images[0] == "F001/T1/2440.jpg"
    assert a.subjects == ("F001",)


def test_bp4d_intensity_of_two_rules_where_it_was_coded(tmp_path):
    folder = tmp_path / "AUCoding"
    rows = [bp4d_row(n, AU6=1) for n in (1, 2, 3)]
    put(folder / "AU_OCC" / "F001_T1.csv", BP4D_HEADER, *rows)
    put(folder / "AU_INT" / "AU06" / "F001_T1_AU06.csv", "1,1", "2,2", "3,9")
    reading = read_bp4d(folder)
    a = reading.annotations
    column = a.spaces.action_units.index("AU06")
    assert a.action_units.values[:2, column].tolist() == [0, 1]
    assert a.action_units.valid[:, column].tolist() == [True, True, False]
    assert [p.kind for p in reading.problems] == [Kind.MIXED_CRITERION]


def test_bp4d_without_a_unit_in_its_header_is_refused(tmp_path):
    path = put(tmp_path / "AUCoding" / "F001_T1.csv", "0,1,2", "1,0,0")
    with pytest.raises(BadAnnotation, match="AU 4 among them"):
        read_bp4d(path.parent)


# Damage to any of them

SEEDS = {
    "affectnet": (
        "t.csv",
        [",".join(COLUMNS), *[affectnet_row(f"{i}/a.jpg", i, 0.5, -2) for i in range(5)]],
        lambda path: [read_affectnet_csv(path)],
    ),
    "rafdb": (
        "list_patition_label.txt",
        [f"train_{i}.jpg {i}" for i in range(1, 8)],
        lambda path: [read_rafdb(path, "train"), read_rafdb(path, "test")],
    ),
    "emotionet": (
        "dataFile_1.txt",
        [emotionet_line(f"u/Images/{i}.jpg", AU1=1) for i in range(4)],
        lambda path: [read_emotionet_file(path)],
    ),
    "bp4d": (
        "F001_T1.csv",
        [BP4D_HEADER, *[bp4d_row(i, AU1=1) for i in range(5)]],
        lambda path: [read_bp4d(path.parent)],
    ),
    "manifest": (
        "m.csv",
        ["image,video,frame,valence,AU01", *[f"v/{i}.jpg,v,{i},0.5,1" for i in range(5)]],
        lambda path: [read_manifest(path)],
    ),
}


@pytest.mark.parametrize("name", SEEDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_is_a_row_a_problem_or_a_refusal(name, data, tmp_path_factory):
    file, lines, read = SEEDS[name]
    content = bytearray("\n".join(lines).encode())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3)
        )
    path = tmp_path_factory.mktemp("fuzz") / file
    path.write_bytes(content)
    text = bytes(content).replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n\t ")
    try:
        readings = read(path)
    except BadAnnotation:
        return
    lost = sum(p.kind.loses_row for reading in readings for p in reading.problems)
    kept = sum(len(reading.annotations) for reading in readings)
    has_header = name in {"affectnet", "bp4d", "manifest"}
    assert kept + lost == text.count(b"\n") + (0 if has_header else 1)


def test_folders_without_data_are_reported(tmp_path):
    for read in (read_disfa, read_bp4d, read_affectnet_arrays):
        with pytest.raises(MissingData, match="must hold"):
            read(tmp_path)
