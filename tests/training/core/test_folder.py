import errno
from pathlib import Path

import pytest
import torch

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.training.core import checkpoint
from wildaffect.training.core.checkpoint import load_checkpoint, save_checkpoint
from wildaffect.training.core.folder import hold_folder


def test_a_second_training_in_the_same_folder_is_refused_until_the_first_ends(tmp_path):
    folder = tmp_path / "runs" / "one"
    with (
        hold_folder(folder),
        pytest.raises(UsageError, match="one: another process trains in this folder"),
        hold_folder(folder),
    ):
        pass
    with hold_folder(folder):
        pass
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with (
            pytest.raises(OutputError, match="run must be writable, got"),
            hold_folder(folder),
        ):
            pass


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("file write failed")],
)
def test_a_full_disk_keeps_the_checkpoint_before_and_says_what_to_do(
    tmp_path, monkeypatch, error
):
    folder = tmp_path / "checkpoint"
    save_checkpoint(folder, {"w": torch.ones(1)}, {"epoch": 1})

    def fails(state, path):
        Path(path).write_bytes(b"half")
        raise error

    monkeypatch.setattr(checkpoint.torch, "save", fails)
    with pytest.raises(OutputError, match=r"cannot be written: .*; free the disk"):
        save_checkpoint(folder, {"w": torch.zeros(1)}, {"epoch": 2})
    weights, state = load_checkpoint(folder)
    assert weights["w"] == 1
    assert state == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
