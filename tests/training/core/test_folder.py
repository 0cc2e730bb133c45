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
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError(
            "[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"
        ),
    ],
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_the_error_of_torch_on_a_full_disk_is_recognized():
    with pytest.raises(RuntimeError, match=checkpoint._WRITER):
        torch.save({"w": torch.ones(1_000_000)}, "/dev/full")


def test_an_error_of_the_gpu_is_not_taken_for_a_full_disk(tmp_path, monkeypatch):
    def fails(state, path):
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(checkpoint.torch, "save", fails)
    with pytest.raises(RuntimeError, match="device-side assert"):
        save_checkpoint(tmp_path / "checkpoint", {"w": torch.zeros(1)}, {"epoch": 2})
    assert list(tmp_path.iterdir()) == []
