"""A local repository in place of the one on the network; git is called as it is."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.crema_d import write_crema_d

from wildaffect.cli.main import main
from wildaffect.core.errors import MissingData, OutputError, UsageError
from wildaffect.workflows.fetch_data import fetch_data

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=me", "-c", "user.email=me@x", *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def commit(root: Path) -> Path:
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "all")
    return root


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Return a repository in the layout of CREMA-D, its clips being made-up bytes."""
    root = tmp_path / "remote"
    table = write_crema_d(root, 6)
    (root / "VideoFlash").mkdir()
    for line in table.read_text().splitlines():
        if line.startswith('"2'):
            name = line.split(",")[7].strip('"')
            (root / "VideoFlash" / f"{name}.flv").write_bytes(f"FLV {name}".encode())
    return root


def test_terms_must_be_accepted_before_anything_is_fetched(remote, tmp_path):
    url, folder = str(commit(remote)), tmp_path / "data"
    with pytest.raises(UsageError, match=r"crema-d: terms must be accepted: .*Open Data"):
        fetch_data("crema-d", folder, url=url)
    assert not folder.exists()
    with pytest.raises(UsageError, match="data set must be one of crema-d, got 'faces'"):
        fetch_data("faces", folder)


def test_all_clips_are_fetched_and_counted_and_a_second_run_changes_nothing(
    remote, tmp_path, capsys
):
    folder = tmp_path / "data"
    words = ["data", "fetch", "crema-d", str(folder), "--url", str(commit(remote))]
    assert main([*words, "--accept-license"]) == 0
    shown = capsys.readouterr()
    assert "data: 36 clips" in shown.out
    assert shown.err.index("Open Database License") < shown.err.index("cloning")
    inode = (folder / ".git").stat().st_ino
    assert main([*words, "--accept-license"]) == 0
    assert "cloning" not in capsys.readouterr().err
    assert (folder / ".git").stat().st_ino == inode
    assert main(words) == 2
    assert "with --accept-license if you do" in capsys.readouterr().err


def test_an_interrupted_checkout_is_resumed(remote, tmp_path):
    url, folder = str(commit(remote)), tmp_path / "data"
    fetch_data("crema-d", folder, url=url, accept_license=True)
    clips = sorted((folder / "VideoFlash").iterdir())
    for clip in clips[5:]:
        clip.unlink()
    stages = []
    found = fetch_data(
        "crema-d", folder, url=url, accept_license=True, on_stage=stages.append
    )
    assert any("interrupted" in stage for stage in stages)
    assert found.num_clips == len(clips) == 36


def test_clips_that_the_tables_name_and_the_repository_lacks_are_refused(remote, tmp_path):
    sorted((remote / "VideoFlash").iterdir())[0].unlink()
    with pytest.raises(MissingData, match="1 of 36 clips are missing, the limit is 1%"):
        fetch_data(
            "crema-d", tmp_path / "data", url=str(commit(remote)), accept_license=True
        )


def test_another_folder_or_repository_is_refused(remote, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").touch()
    with pytest.raises(OutputError, match="must be a new or empty folder"):
        fetch_data("crema-d", full, url=str(commit(remote)), accept_license=True)
    git(remote, "remote", "add", "origin", "https://example.org/other.git")
    with pytest.raises(OutputError, match=r"got one of https://example\.org/other\.git"):
        fetch_data("crema-d", remote, url="https://example.org/x.git", accept_license=True)


def test_a_repository_that_does_not_exist_names_the_command(tmp_path, capfd):
    with pytest.raises(MissingData, match=r"git clone .*nothing .*got exit status 128"):
        fetch_data(
            "crema-d",
            tmp_path / "data",
            url=str(tmp_path / "nothing"),
            accept_license=True,
        )
    assert "nothing" in capfd.readouterr().err  # git's own message


def test_programs_that_are_missing_are_named(remote, tmp_path, monkeypatch):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    sorted((remote / "VideoFlash").iterdir())[0].write_text(pointer)
    alone = tmp_path / "bin"
    alone.mkdir()
    (alone / "git").symlink_to(shutil.which("git"))
    url = str(commit(remote))
    monkeypatch.setenv("PATH", str(alone))
    with pytest.raises(MissingData, match=r"git lfs: must be installed .* install git-lfs"):
        fetch_data("crema-d", tmp_path / "data", url=url, accept_license=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingData, match="git: must be installed on this machine"):
        fetch_data("crema-d", tmp_path / "more", url=url, accept_license=True)


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_the_clips_come_from_large_file_storage(remote, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(remote, "init", "--quiet")
    git(remote, "lfs", "install", "--local")
    git(remote, "lfs", "track", "*.flv")
    commit(remote)
    (clip, *_) = sorted((remote / "VideoFlash").iterdir())
    stored = git(remote, "show", f"HEAD:VideoFlash/{clip.name}")
    assert stored.startswith("version https://git-lfs")
    folder = tmp_path / "data"
    found = fetch_data("crema-d", folder, url=f"file://{remote}", accept_license=True)
    assert found.num_clips == 36
    assert (folder / "VideoFlash" / clip.name).read_bytes() == clip.read_bytes()
