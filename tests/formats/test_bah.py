"""Lists are made up after the layout that the authors' lists and code state."""

import pytest
from tests.support.abaw_tracks import SPLITS, bah_path, bah_video, write_bah, write_lines

from wildaffect.core.errors import BadAnnotation, MissingData, UsageError
from wildaffect.data.annotated import read_annotated
from wildaffect.features.extract_sources import find_extract_sources
from wildaffect.formats.bah import (
    find_bah_frames,
    find_bah_videos,
    read_bah_frames,
    read_bah_videos,
)
from wildaffect.formats.detect import detect
from wildaffect.formats.problems import Kind


def read_videos(path, *lines):
    return read_bah_videos(write_lines(path / "split" / "train.txt", lines), "train")


def read_frames(path, *lines):
    return read_bah_frames(write_lines(path / "split-frames" / "train.txt", lines), "train")


def test_a_video_has_one_label_and_the_person_of_its_name(tmp_path):
    found = read_videos(
        tmp_path,
        f"{bah_path(3, 7)},1,Um, I could, maybe, do that.",
        f"{bah_path(4)},0,",
    )
    a = found.annotations
    assert a.clip_level
    assert a.videos == (bah_video(3, 7), bah_video(4))
    assert a.subjects == ("90003", "90004")
    assert a.images == (bah_path(3, 7), bah_path(4))
    assert a.action_units.values[:, 0].tolist() == [1, 0]
    assert a.action_units.valid.all()
    assert a.spaces.action_units.labels == ("ambivalence_hesitancy",)
    assert found.problems == ()
    assert not any("maybe" in name for name in (*a.videos, *a.images))


def test_names_of_older_releases_are_read(tmp_path):
    old = "82567_Question_7_2024-10-02 15-46-17_Video-DESKTOP-NQ55E0P"
    found = read_videos(tmp_path, f"Videos/82567/Visite_1/{old}.mp4,1,Made up").annotations
    assert (found.videos, found.subjects) == ((old,), ("82567",))


def test_a_frame_has_a_label_and_is_counted_from_0(tmp_path):
    path = bah_path(1)
    found = read_frames(
        tmp_path,
        f"{path}/frame-0.jpg,0",
        f"{path}/frame-12.jpg,1",
        f"{bah_path(2)}/frame-0.jpg,1",
    )
    a = found.annotations
    assert not a.clip_level
    assert a.videos == (bah_video(1), bah_video(2))
    assert a.subjects == ("90001", "90002")
    assert a.frame_number.tolist() == [0, 12, 0]
    assert a.video_index.tolist() == [0, 0, 1]
    assert a.images[1] == f"{path}/frame-12.jpg"
    assert a.action_units.values[:, 0].tolist() == [0, 1, 1]


def test_both_kinds_of_lists_are_found_and_one_must_be_chosen(tmp_path):
    write_bah(tmp_path)
    (tmp_path / "Videos" / "90000").mkdir(parents=True)
    found = {each.format.name: each.splits for each in detect(tmp_path)}
    assert list(found) == ["bah-videos", "bah-frames"]
    for name, folder in (("bah-videos", "split"), ("bah-frames", "split-frames")):
        assert found[name] == {s: tmp_path / folder / f"{s}.txt" for s in SPLITS}
    with pytest.raises(UsageError, match='choose one, such as `layout="bah-videos"`'):
        read_annotated(tmp_path, split="val")
    read = read_annotated(tmp_path, layout="bah-frames", split="val")
    assert read.first_frame == 0
    assert read.license == "research agreement (BAH)"
    assert "agreement" in read.notes[0]


def test_folders_of_lists_may_have_any_name(tmp_path):
    write_bah(tmp_path)
    (tmp_path / "split").rename(tmp_path / "split-0")
    assert find_bah_videos(tmp_path)["val"] == tmp_path / "split-0" / "val.txt"
    assert find_bah_videos(tmp_path / "split-0" / "val.txt") == {
        "val": tmp_path / "split-0" / "val.txt"
    }
    assert find_bah_frames(tmp_path / "split-0") == {}


def test_two_releases_equally_near_are_not_chosen_between_by_their_names(tmp_path):
    for name in ("a", "b"):
        write_bah(tmp_path / name)
    for find in (find_bah_videos, find_bah_frames):
        with pytest.raises(
            UsageError, match=r"several annotations of one layout found \(.*b/split"
        ):
            find(tmp_path)
    assert find_bah_videos(tmp_path / "a")["val"] == tmp_path / "a" / "split" / "val.txt"


def test_lists_of_other_data_sets_are_not_taken_for_bah(tmp_path):
    write_lines(tmp_path / "train.txt", ["cat/1.jpg,0", "dog/2.jpg,1"])
    assert find_bah_videos(tmp_path) == find_bah_frames(tmp_path) == {}


def test_a_list_of_test_videos_alone_is_whole(tmp_path):
    path = write_lines(tmp_path / "split" / "test.txt", [f"{bah_path(1)},,Made up"])
    assert find_bah_videos(tmp_path) == {"test": path}
    found = read_bah_videos(path, "test")
    assert found.problems == ()
    assert not found.annotations.action_units.valid.any()


def test_a_missing_list_is_named(tmp_path):
    write_bah(tmp_path)
    (tmp_path / "split" / "val.txt").unlink()
    with pytest.raises(MissingData, match=r"split/val.txt: no such file, but other lists"):
        read_annotated(tmp_path, layout="bah-videos", split="val")


def test_an_empty_list_is_named(tmp_path):
    path = write_lines(tmp_path / "split" / "train.txt", [])
    with pytest.raises(BadAnnotation, match="must list videos such as Videos/82557"):
        read_bah_videos(path, "train")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("and so on, of course", "a row must begin with a video"),
        ("Videos/../../90001_Question_1_x_Video.mp4,1,", "a row must begin with a video"),
        (
            "Videos/90001/Visite_1/90001_Question_8_x_Video.mp4,1,",
            "must begin with a video",
        ),
        ("", "a row must begin with a video"),
    ],
)
def test_a_row_without_a_known_video_is_lost_and_named(tmp_path, line, rule):
    found = read_videos(tmp_path, f"{bah_path(1)},0,", line, f"{bah_path(2)},1,")
    (problem,) = found.problems
    assert (problem.kind, problem.line) == (Kind.BAD_NAME, 2)
    assert rule in problem.text
    assert found.annotations.lines.tolist() == [1, 3]


@pytest.mark.parametrize("label", ["2", "0.5", "yes"])
def test_a_label_that_is_neither_0_nor_1_is_masked_and_named(tmp_path, label):
    found = read_videos(tmp_path, f"{bah_path(1)},{label},Made up", f"{bah_path(2)},1,")
    (problem,) = found.problems
    assert problem.line == 1
    assert "ambivalence_hesitancy must be a whole number in [0, 1]" in problem.text
    assert f"got {label!r}; leave it empty where nothing is annotated" in problem.text
    assert found.annotations.action_units.valid[:, 0].tolist() == [False, True]


def test_frames_without_number_or_label_are_lost_and_named(tmp_path):
    path = bah_path(1)
    found = read_frames(
        tmp_path,
        f"{path}/frame-0.jpg,1",
        f"{path}/face.jpg,1",
        f"{path}/frame-2.jpg",
        f"{path}/frame-3.jpg,3",
        "clip.mp4/frame-4.jpg,1",
    )
    kinds = {each.line: each.kind for each in found.problems}
    assert kinds == {
        2: Kind.BAD_NAME,
        3: Kind.UNREADABLE_ROW,
        4: Kind.OUT_OF_RANGE,
        5: Kind.BAD_NAME,
    }
    assert "a row must be <video>/frame-<number>.jpg and 0 or 1" in found.problems[0].text
    assert found.annotations.lines.tolist() == [1, 4]


def test_frames_of_a_video_that_the_split_does_not_list_are_lost_and_named(tmp_path):
    write_lines(tmp_path / "split" / "train.txt", [f"{bah_path(1)},1,"])
    known, unknown = bah_path(1), bah_path(2)
    found = read_frames(tmp_path, f"{unknown}/frame-0.jpg,1", f"{known}/frame-0.jpg,1")
    (problem,) = found.problems
    assert problem.kind is Kind.BAD_NAME
    assert "the video of a frame must be in" in problem.text
    assert "split/train.txt, got 'Videos/90002" in problem.text
    assert found.annotations.videos == (bah_video(1),)
    assert found.annotations.video_index.tolist() == [0]


def test_videos_are_named_as_extraction_of_their_folder_names_them(tmp_path):
    write_bah(tmp_path)
    for person in range(6):
        (tmp_path / bah_path(person)).parent.mkdir(parents=True)
        (tmp_path / bah_path(person)).write_bytes(b"made up")
    sources = find_extract_sources([tmp_path / "Videos"], "crops")
    for layout in ("bah-videos", "bah-frames"):
        named = [
            read_annotated(tmp_path, layout=layout, split=split).annotations.videos
            for split in SPLITS
        ]
        assert {name for names in named for name in names} == {s.video for s in sources}
