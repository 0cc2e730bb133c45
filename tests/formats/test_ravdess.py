"""File names are made up after the naming rule that RAVDESS states."""

import pytest

from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.annotated import read_annotated
from wildaffect.formats.mapping import map_spaces
from wildaffect.formats.problems import Kind
from wildaffect.formats.ravdess import find_ravdess, read_ravdess

SPLITS = ("train", "val", "test")


def put_clips(root, *names):
    for name in names:
        path = root / f"Actor_{name[-2:]}" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def read_all(root):
    return [read_ravdess(root, split) for split in SPLITS]


def test_names_tell_emotion_and_actor(tmp_path):
    put_clips(tmp_path, "02-01-06-01-02-01-12")
    (found,) = [each.annotations for each in read_all(tmp_path) if each.num_rows]
    assert found.spaces.expressions.labels[found.expression.values[0]] == "Fear"
    assert found.subjects == ("12",)
    assert found.videos == ("02-01-06-01-02-01-12",)
    assert found.clip_level


def test_a_clip_with_and_without_sound_is_read_once(tmp_path):
    put_clips(tmp_path, "01-01-03-01-01-01-01", "02-01-03-01-01-01-01")
    (found,) = [each.annotations for each in read_all(tmp_path) if each.num_rows]
    assert found.videos == ("02-01-03-01-01-01-01",)


def test_24_actors_are_split_16_4_4_with_as_many_women(tmp_path):
    names = [f"02-01-05-02-01-01-{actor:02d}" for actor in range(1, 25)]
    people = [
        set(each.annotations.subjects) for each in read_all(put_clips(tmp_path, *names))
    ]
    assert [len(each) for each in people] == [16, 4, 4]
    assert [sum(int(name) % 2 for name in each) for each in people] == [8, 2, 2]


@pytest.mark.parametrize(
    "name", ["02-01-09-01-02-01-12", "03-01-06-01-02-01-12", "02-01-06-01-02-01"]
)
def test_odd_names_are_reported(tmp_path, name):
    put_clips(tmp_path, "02-01-06-01-02-01-12")
    (tmp_path / "Actor_12" / f"{name}.mp4").touch()
    (problem,) = [each for reading in read_all(tmp_path) for each in reading.problems]
    assert problem.kind is Kind.BAD_NAME
    assert f"got '{name}.mp4'" in problem.text


def test_calm_has_no_counterpart_and_other_never_occurs(tmp_path):
    put_clips(tmp_path, "02-01-02-01-02-01-12")
    (found,) = [each.annotations for each in read_all(tmp_path) if each.num_rows]
    mapped = map_spaces(found, LabelSpaces())
    assert mapped.unlabeled["Calm"] == 1
    assert mapped.absent[0] == "Other"
    assert not mapped.annotations.expression.valid.any()


def test_other_folders_are_not_ravdess_and_terms_are_noted_first(tmp_path):
    assert find_ravdess(tmp_path) == {}
    put_clips(tmp_path, *(f"02-01-05-02-01-01-{actor:02d}" for actor in range(1, 25)))
    read = read_annotated(tmp_path, split="train")
    assert "non-commercial use alone" in read.notes[0]
    assert read.license == "CC-BY-NC-SA-4.0 (RAVDESS)"
