"""What a run was made with."""

import subprocess

import torch

from wildaffect.training.core.environment import describe_environment, find_commit


def git(folder, *words):
    done = subprocess.run(
        ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_commit_of_a_checkout_is_recorded_and_whether_files_changed(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-qm", "Begin")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert len(commit) == 40
    assert find_commit(tmp_path) == commit
    (tmp_path / "notes.txt").write_text("beside the code\n")
    assert find_commit(tmp_path) == commit
    (tmp_path / "code.py").write_text("2\n")
    assert find_commit(tmp_path) == f"{commit}, changed"


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert find_commit(tmp_path) is None


def test_device_processes_and_threads_are_recorded(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    found = describe_environment(torch.device("cpu"))
    assert (found["device"], found["processes"]) == ("cpu", 3)
    assert found["threads"] == torch.get_num_threads()
