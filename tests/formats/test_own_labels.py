"""Manifests whose header defines classes, attributes, intensities and ratings of one's own.

Values are invented.
"""

import re

import pytest

from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.formats.manifest import find_manifest, read_manifest
from wildaffect.formats.mapping import map_spaces


def put(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def read(tmp_path, *lines):
    return read_manifest(put(tmp_path / "manifest.csv", *lines))


def test_ratings_and_intensities_have_the_ranges_of_their_header(tmp_path):
    reading = read(
        tmp_path,
        "image,pain[0..10],dominance[-1..1],AU06_intensity,laughter_intensity[0..100]",
        "1.jpg,7.5,-0.25,3,40",
        "2.jpg,,1,,100",
    )
    a = reading.annotations
    assert reading.problems == ()
    assert [(s.label, s.low, s.high) for s in a.spaces.dimensions.scales] == [
        ("pain", 0, 10),
        ("dominance", -1, 1),
    ]
    assert [(s.label, s.high) for s in a.spaces.intensities.scales] == [
        ("AU06_intensity", 5),
        ("laughter_intensity", 100),
    ]
    assert a.dimensions.values.tolist() == [[7.5, -0.25], [0, 1]]
    assert a.dimensions.valid.tolist() == [[True, True], [False, True]]
    assert a.intensities.values.tolist() == [[3, 40], [0, 100]]
    assert a.intensities.valid.tolist() == [[True, True], [False, True]]


def test_classes_and_attributes_may_be_listed_in_the_header(tmp_path):
    a = read(
        tmp_path,
        "image,expression[calm|angry|very happy],AU06,smile[0|1]",
        "1.jpg,very happy,0,1",
        "2.jpg,calm,1,",
    ).annotations
    assert a.spaces.expressions.labels == ("calm", "angry", "very happy")
    assert a.expression.values.tolist() == [2, 0]
    assert a.spaces.action_units.labels == ("AU06", "smile")
    assert a.action_units.valid.tolist() == [[True, True], [True, False]]


def test_without_images_each_row_labels_a_whole_video(tmp_path):
    path = put(
        tmp_path / "manifest.csv",
        "video,subject,split,engagement[0..3]",
        "a,anna,train,2",
        "b,bea,train,0",
        "c,cid,val,3",
    )
    assert list(find_manifest(tmp_path)) == ["train", "val"]
    a = read_manifest(path, "train").annotations
    assert a.clip_level
    assert a.videos == ("a", "b")
    assert a.subjects == ("anna", "bea")
    assert a.dimensions.values.tolist() == [[2], [0]]


def test_engagement_may_be_of_every_frame_too(tmp_path):
    a = read(
        tmp_path,
        "image,video,frame,engagement[0..3]",
        "a/0.jpg,a,0,2",
        "a/1.jpg,a,1,",
        "a/2.jpg,a,2,0.5",
    ).annotations
    assert not a.clip_level
    assert a.frame_number.tolist() == [0, 1, 2]
    assert a.dimensions.valid.tolist() == [[True], [False], [True]]
    assert a.dimensions.values[a.dimensions.valid].tolist() == [2, 0.5]


def test_any_number_of_action_units_and_their_intensities_may_be_there(tmp_path):
    units = [f"AU{number:02d}" for number in range(1, 42)]
    strengths = [f"{unit}_intensity" for unit in units]
    present = [str(place % 2) for place in range(41)]
    levels = [str(place % 6) for place in range(41)]
    reading = read(
        tmp_path,
        ",".join(["image", *units, *strengths]),
        ",".join(["1.jpg", *present, *levels]),
    )
    a = reading.annotations
    assert reading.problems == ()
    assert a.spaces.action_units.labels == tuple(units)
    assert a.spaces.intensities.labels == tuple(strengths)
    assert a.action_units.values.tolist() == [[place % 2 for place in range(41)]]
    assert a.intensities.values.tolist() == [[place % 6 for place in range(41)]]


@pytest.mark.parametrize(
    ("header", "cell", "words"),
    [
        ("pain[0..10]", "11", r"pain\[0..10\] must lie in \[0, 10\], got '11'"),
        ("pain[0..10]", "bad", "got 'bad'"),
        ("AU06_intensity", "6", r"must lie in \[0, 5\], got '6'"),
        ("AU06", "3", "got '3'; strengths belong in a column AU06_intensity"),
        (
            "expression[calm|angry]",
            "sad",
            "expression must be one of calm, angry, got 'sad'",
        ),
    ],
)
def test_a_label_out_of_range_is_named_with_its_line_and_column(
    tmp_path, header, cell, words
):
    reading = read(tmp_path, f"image,valence,{header}", f"1.jpg,0,{cell}")
    (problem,) = reading.problems
    assert str(problem).startswith(f"{tmp_path / 'manifest.csv'}:2: ")
    assert re.search(words, problem.text)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("image,pain", r"got 'pain'; a rating of your own states its range, such as pain"),
        ("image,pain[10..0]", r"range must go up .* got \[10, 0\], in 'pain"),
        ("image,AU06_intensity[1..5]", "an intensity must start at 0"),
        ("image,my pain[0..10]", "name must be letters, digits and _"),
        ("image,pain[0..10],pain[0..5]", "must be distinct"),
        ("image,valence[0..10]", "must not be named valence"),
        ("image,subject[0|1]", "must not be named subject"),
        ("image,expression[my-lab-7]", r"such as expression\[calm\|angry\|happy\]"),
        ("image,expression[calm|calm]", "at least two and distinct"),
        ("video,image,pain[0..1]", "or video alone for labels of whole videos"),
    ],
)
def test_a_header_that_defines_no_labels_is_refused_with_the_way_to_do_it(
    tmp_path, header, words
):
    with pytest.raises(BadAnnotation, match=words):
        read(tmp_path, header, "")


def test_scales_of_another_data_set_are_matched_by_name_and_range(tmp_path):
    mine = read(tmp_path, "image,pain[0..10],joy[0..1]", "1.jpg,7,1").annotations
    theirs = read(tmp_path, "image,focus[0..4],pain[0..10]", "1.jpg,3,2").annotations
    mapped = map_spaces(theirs, mine.spaces)
    assert mapped.annotations.dimensions.values.tolist() == [[2, 0]]
    assert mapped.annotations.dimensions.valid.tolist() == [[True, False]]
    assert mapped.unlabeled["focus"] == 1
    other = read(tmp_path, "image,pain[0..5]", "1.jpg,2").annotations
    with pytest.raises(UsageError, match=r"pain must have the range \[0, 10\]"):
        map_spaces(other, mine.spaces)


def test_own_classes_in_another_order_are_matched_by_name_and_others_refused(tmp_path):
    mine = read(tmp_path, "image,expression[calm|angry|sad]", "1.jpg,sad").annotations
    moved = read(tmp_path, "image,expression[sad|calm|angry]", "1.jpg,sad").annotations
    mapped = map_spaces(moved, mine.spaces).annotations
    assert mapped.expression.values.tolist() == [2]
    other = read(tmp_path, "image,expression[calm|angry|glad]", "1.jpg,glad").annotations
    with pytest.raises(UsageError, match="must be calm, angry, sad as in the other data"):
        map_spaces(other, mine.spaces)
