import os
from pathlib import Path

import pytest

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.expand import expand_inputs
from wildaffect.video.inputs import parse_source
from wildaffect.video.read import open_source


@pytest.fixture
def tree(tmp_path):
    for name in (
        "b/clip10.mp4",
        "b/clip2.MP4",
        "b/notes.txt",
        "b/.hidden.mp4",
        "a/1.jpg",
        "a/2.jpg",
        "a/deep/x.mov",
        ".cache/y.mp4",
        "empty/read.me",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def sources(*args, **options):
    return [each.source for each in expand_inputs(*args, **options).sources]


def test_a_folder_becomes_its_videos_and_its_folders_of_images(tree):
    found = expand_inputs([tree]).sources
    assert [each.source.relative_to(tree).as_posix() for each in found] == [
        "a",
        "a/deep/x.mov",
        "b/clip2.MP4",
        "b/clip10.mp4",
    ]
    assert [each.inside.as_posix() for each in found] == [".", "a/deep", "b", "b"]


def test_what_is_not_read_is_named_with_the_reason(tree):
    (tree / "b/clip2.overlay.mp4").touch()
    (tree / "results").mkdir()
    os.mkfifo(tree / "b/pipe.mp4")
    found = expand_inputs([tree], leave_out=tree / "results")
    skipped = {
        each.path.relative_to(tree).as_posix(): each.reason for each in found.skipped
    }
    assert skipped == {
        ".cache": "hidden",
        "b/.hidden.mp4": "hidden",
        "b/clip2.overlay.mp4": "an overlay of an earlier run",
        "b/notes.txt": "neither video nor image by its name",
        "b/pipe.mp4": "not a regular file",
        "empty/read.me": "neither video nor image by its name",
        "results": "the folder of the results",
    }
    assert not found.failed


def test_linked_folders_are_followed_once_and_never_in_a_circle(tmp_path):
    (tmp_path / "d/S01").mkdir(parents=True)
    (tmp_path / "e/S02").mkdir(parents=True)
    for name in ("d/S01/x.mp4", "e/S02/x.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "d/S02").symlink_to("../e/S02")
    (tmp_path / "d/S03").symlink_to("S01")
    (tmp_path / "d/S01/up").symlink_to("..")
    (tmp_path / "d/gone.mp4").symlink_to("nowhere.mp4")
    found = expand_inputs([tmp_path / "d"])
    assert [
        each.source.relative_to(tmp_path / "d").as_posix() for each in found.sources
    ] == [
        "S01/x.mp4",
        "S02/x.mp4",
    ]
    assert {each.path.name: each.reason for each in found.skipped} == {
        "up": f"the same folder as {tmp_path / 'd'}",
        "S03": f"the same folder as {tmp_path / 'd/S01'}",
    }
    (broken,) = found.failed
    assert str(broken) == f"{tmp_path / 'd/gone.mp4'}: a link that leads nowhere"


def test_an_input_that_fails_leaves_the_others(tree):
    found = expand_inputs([tree / "empty", tree / "b"])
    assert [each.source.name for each in found.sources] == ["clip2.MP4", "clip10.mp4"]
    assert [Path(error.source).name for error in found.failed] == ["empty"]


def test_addresses_cameras_and_files_keep_their_place(tree):
    clip = tree / "b" / "clip2.MP4"
    named = ["rtsp://camera/1", str(clip), "0", 1]
    assert sources(named) == ["rtsp://camera/1", clip, 0, 1]


def test_digits_that_name_a_file_are_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_source("7") == 7
    Path("7").touch()
    assert parse_source("7") == Path("7")


def test_images_named_one_by_one_are_one_source_each_or_one_sequence(tree):
    images = [tree / "a" / "1.jpg", tree / "a" / "2.jpg"]
    assert sources(images) == images
    assert sources(images, images="sequence") == [tuple(images)]


def test_a_missing_file_is_left_for_the_reader_to_report(tmp_path):
    assert sources([tmp_path / "gone.mp4"]) == [tmp_path / "gone.mp4"]


def test_a_folder_with_nothing_to_read_is_refused(tree):
    with pytest.raises(UnreadableVideo, match="empty: the folder holds neither videos nor"):
        expand_inputs([tree / "empty"])


def test_nothing_named_is_refused():
    with pytest.raises(UnreadableVideo, match="nothing was named"):
        expand_inputs([])


def test_a_folder_without_permission_is_refused(unprivileged):
    locked = unprivileged / "locked"
    locked.mkdir(mode=0)
    with pytest.raises(UnreadableVideo, match=r"locked: the folder cannot be listed"):
        expand_inputs([unprivileged])
    with pytest.raises(UnreadableVideo, match=r"locked: no permission to list"):
        open_source(locked)
    with pytest.raises(UnreadableVideo, match=r"clip\.mp4: no permission to look there"):
        open_source(locked / "clip.mp4")
