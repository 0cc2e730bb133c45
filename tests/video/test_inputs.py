from pathlib import Path

import pytest

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.inputs import expand_inputs, parse_source
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


def test_a_folder_becomes_its_videos_and_its_folders_of_images(tree):
    found = [str(path.relative_to(tree)) for path in expand_inputs([tree])]
    assert [Path(path).as_posix() for path in found] == [
        "a",
        "a/deep/x.mov",
        "b/clip2.MP4",
        "b/clip10.mp4",
    ]


def test_addresses_cameras_and_files_keep_their_place(tree):
    clip = tree / "b" / "clip2.MP4"
    named = ["rtsp://camera/1", str(clip), "0", 1]
    assert expand_inputs(named) == ["rtsp://camera/1", clip, 0, 1]


def test_digits_that_name_a_file_are_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_source("7") == 7
    Path("7").touch()
    assert parse_source("7") == Path("7")


def test_images_named_one_by_one_are_one_source_each_or_one_sequence(tree):
    images = [tree / "a" / "1.jpg", tree / "a" / "2.jpg"]
    assert expand_inputs(images) == images
    assert expand_inputs(images, images="sequence") == [tuple(images)]


def test_a_missing_file_is_left_for_the_reader_to_report(tmp_path):
    assert expand_inputs([tmp_path / "gone.mp4"]) == [tmp_path / "gone.mp4"]


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
