"""Tables are made up after the layout that public code of participants reads."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.abaw_tracks import EMI_HEADER, write_emi, write_lines

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.data.annotated import read_annotated
from wildaffect.formats.detect import detect
from wildaffect.formats.emi import find_emi, read_emi
from wildaffect.formats.problems import Kind

ROW = (0.25, 0, 0.5, 1, 0.75, 0.125)


def test_six_intensities_of_a_clip_are_read(tmp_path):
    write_emi(tmp_path, {"train": [(0, *ROW), ("00041", *ROW[::-1])], "val": []})
    found = read_emi(tmp_path / "train_split.csv", "train")
    a = found.annotations
    assert a.clip_level
    assert a.videos == a.subjects == ("00000", "00041")
    assert a.images == ("00000.mp4", "00041.mp4")
    assert a.spaces.intensities.labels == (
        "admiration_intensity",
        "amusement_intensity",
        "determination_intensity",
        "empathic_pain_intensity",
        "excitement_intensity",
        "joy_intensity",
    )
    np.testing.assert_allclose(a.intensities.values, [ROW, ROW[::-1]])
    assert a.intensities.valid.all()
    assert found.problems == ()


def test_the_documented_header_is_that_which_is_read():
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    assert f"train_split.csv      {EMI_HEADER}\n" in page


def test_columns_may_stand_in_any_order_and_case(tmp_path):
    names = EMI_HEADER.split(",")
    table = [",".join(["filename", *names[:0:-1]]), ",".join(map(str, (7, *ROW[::-1])))]
    path = write_lines(tmp_path / "train_split.csv", table)
    np.testing.assert_allclose(
        read_emi(path, "train").annotations.intensities.values[0], ROW
    )


def test_tables_are_found_with_terms_and_license(tmp_path):
    data = write_emi(tmp_path / "emi", {"train": [(1, *ROW)], "val": [(2, *ROW)]})
    (found,) = detect(tmp_path)
    assert found.format.name == "emi"
    assert found.splits == {
        "train": data / "train_split.csv",
        "val": data / "valid_split.csv",
    }
    read = read_annotated(tmp_path, split="val")
    assert read.license == "research agreement (Hume-Vidmimic2)"
    assert "agreement" in read.notes[0]


def test_tables_of_the_same_name_with_other_columns_are_another_data_set(tmp_path):
    write_lines(tmp_path / "train_split.csv", ["Filename,label", "1,2"])
    assert find_emi(tmp_path) == {}


def test_a_missing_table_is_named(tmp_path):
    write_emi(tmp_path, {"train": [(1, *ROW)]})
    with pytest.raises(
        MissingData, match=r"valid_split.csv: no such file, but other lists"
    ):
        read_annotated(tmp_path, split="val")


def test_a_missing_column_is_named(tmp_path):
    header = EMI_HEADER.removesuffix(",Joy")
    write_lines(tmp_path / "train_split.csv", [header, "1,0,0,0,0,0"])
    with pytest.raises(
        BadAnnotation, match=r"train_split.csv:1: columns must be Filename, A"
    ):
        read_annotated(tmp_path, split="train")


def test_an_intensity_out_of_range_is_masked_and_a_blank_is_not_annotated(tmp_path):
    rows = [(1, *ROW[:5], 1.5), (2, "", *ROW[1:]), (3, "much", *ROW[1:])]
    write_emi(tmp_path, {"train": rows})
    found = read_emi(tmp_path / "train_split.csv", "train")
    assert [(each.line, each.kind) for each in found.problems] == [
        (2, Kind.OUT_OF_RANGE),
        (4, Kind.UNREADABLE_VALUE),
    ]
    assert found.problems[0].text == "joy must lie in [0, 1], got '1.5'"
    valid = found.annotations.intensities.valid
    assert (~valid).sum(axis=1).tolist() == [1, 1, 1]


@pytest.mark.parametrize("number", ["anna", "1.5", "-1", "123456"])
def test_a_clip_without_number_is_lost_and_named(tmp_path, number):
    write_emi(tmp_path, {"train": [(number, *ROW), (2, *ROW)]})
    found = read_emi(tmp_path / "train_split.csv", "train")
    (problem,) = found.problems
    assert (problem.kind, problem.line) == (Kind.BAD_NAME, 2)
    assert f"Filename must be a whole number in [0, 99999], got {number!r}" in problem.text
    assert found.annotations.videos == ("00002",)
