"""Folders that look like those of open data sets, with files that are no real clips."""

from pathlib import Path

import pytest
from tests.support.crema_d import write_crema_d

from wildaffect.core.errors import MissingData, UsageError
from wildaffect.workflows.open_clips import find_open_clips

SPLITS = ("train", "val")


def put_clips(root: Path, num_actors: int = 6) -> list[Path]:
    """Write tables and a file for every clip in the splits that are looked for."""
    write_crema_d(root, num_actors)
    (root / "VideoFlash").mkdir()
    table = root / "processedResults" / "tabulatedVotes.csv"
    names = {line.split(",")[7].strip('"') for line in table.read_text().splitlines()[1:]}
    clips = [root / "VideoFlash" / f"{name}.flv" for name in sorted(names)]
    for clip in clips:
        clip.write_bytes(b"FLV made up")
    return clips


def test_clips_of_the_splits_are_found(tmp_path):
    put_clips(tmp_path)
    found = find_open_clips(tmp_path, SPLITS)
    assert found.layout.format.name == "crema-d"
    assert len(found.files) == 5 * 6  # one of six actors is in test
    assert found.missing == ()


def test_a_share_of_missing_clips_is_refused_and_a_few_are_named(tmp_path):
    clips = put_clips(tmp_path, num_actors=30)
    inside = find_open_clips(tmp_path, SPLITS).files
    inside[0].unlink()
    assert find_open_clips(tmp_path, SPLITS).missing == (inside[0].name,)
    for clip in inside[1:3]:
        clip.unlink()
    with pytest.raises(MissingData, match="3 of 150 clips are missing, the limit is 1%"):
        find_open_clips(tmp_path, SPLITS)
    assert len(clips) == 180


def test_pointers_of_git_lfs_are_not_taken_for_clips(tmp_path):
    put_clips(tmp_path)
    find_open_clips(tmp_path, SPLITS).files[0].write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    )
    with pytest.raises(MissingData, match=r"pointer of Git LFS \(1 of 30 clips\); run git"):
        find_open_clips(tmp_path, SPLITS)


def test_a_folder_of_tables_alone_is_refused(tmp_path):
    write_crema_d(tmp_path, 6)
    with pytest.raises(MissingData, match=r"clips such as 100\d_IEO_.* must lie in 'Video"):
        find_open_clips(tmp_path, SPLITS)


def test_labels_of_frames_are_refused(tmp_path):
    rows = [f"{split}/1.jpg,{split},1,{split},Happiness" for split in SPLITS]
    text = "\n".join(["image,video,frame,split,expression", *rows])
    (tmp_path / "manifest.csv").write_text(text + "\n")
    with pytest.raises(UsageError, match=r"labels must be of whole clips.* plain manifest"):
        find_open_clips(tmp_path, SPLITS)
