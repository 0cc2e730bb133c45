"""Weight files are read without running them, and damage is reported in one line."""

import argparse
import os
import pickle
import random
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wildaffect.core.errors import BadWeights, UsageError
from wildaffect.models.backbones.checkpoints import read_checkpoint

TENSORS = {"a.weight": torch.arange(600.0).view(20, 30), "a.bias": torch.ones(20)}


class Bomb:
    """Makes a folder if it is ever unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def saved(folder: Path, content: object, name: str = "file.pth", **options: object) -> Path:
    path = folder / name
    torch.save(content, path, **options)
    return path


def same(read: dict[str, torch.Tensor]) -> bool:
    return read.keys() == TENSORS.keys() and all(
        torch.equal(read[k], TENSORS[k]) for k in read
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TENSORS, id="bare"),
        pytest.param({"model": TENSORS, "epoch": 3}, id="model"),
        pytest.param({"state_dict": TENSORS, "optimizer": {"lr": 1}}, id="state_dict"),
        pytest.param({"teacher": TENSORS, "student": {}}, id="teacher"),
        pytest.param({"state_dict": {"model": TENSORS}}, id="nested"),
        pytest.param(
            {"model": TENSORS, "args": argparse.Namespace(lr=1e-3, nested={"a": [1]})},
            id="options of a training run",
        ),
    ],
)
def test_weights_are_found_where_they_are_published(content, tmp_path):
    assert same(read_checkpoint(saved(tmp_path, content)))


def test_old_files_of_torch_and_safetensors_are_read(tmp_path):
    old = saved(tmp_path, TENSORS, _use_new_zipfile_serialization=False)
    assert same(read_checkpoint(old))
    save_file(TENSORS, tmp_path / "x.safetensors")
    assert same(read_checkpoint(tmp_path / "x.safetensors"))


def test_an_entry_can_be_named(tmp_path):
    content = {"model": {"x": torch.zeros(1)}, "ema": {"inner": TENSORS}}
    assert same(read_checkpoint(saved(tmp_path, content), key="ema.inner"))


def test_two_candidates_need_a_name(tmp_path):
    path = saved(tmp_path, {"model": TENSORS, "teacher": TENSORS})
    with pytest.raises(
        UsageError, match="one entry must hold the weights, got model, teac"
    ):
        read_checkpoint(path)
    assert same(read_checkpoint(path, key="teacher"))


def test_an_entry_that_is_not_there_lists_those_that_are(tmp_path):
    path = saved(tmp_path, {"model": TENSORS, "ema": TENSORS, "epoch": 1})
    with pytest.raises(UsageError, match="called 'emma'; there are: model, ema"):
        read_checkpoint(path, key="emma")


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_code_in_a_file_is_named_and_not_run(options, tmp_path):
    victim = tmp_path / "victim"
    path = saved(tmp_path, {"model": Bomb(victim)}, **options)
    with pytest.raises(BadWeights, match=r"tensors alone, got code \(posix\.mkdir\)"):
        read_checkpoint(path)
    assert not victim.exists()


def test_a_plain_pickle_is_refused_and_not_run(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "file.pth"
    path.write_bytes(pickle.dumps({"model": Bomb(victim)}))
    with pytest.raises(BadWeights, match=r"file\.pth: must be a whole file of torch"):
        read_checkpoint(path)
    assert not victim.exists()


def test_a_whole_saved_network_is_refused_as_code(tmp_path):
    path = saved(tmp_path, torch.nn.Sequential(torch.nn.Linear(2, 2)))
    with pytest.raises(BadWeights, match=r"got code \(torch\.nn\.modules\.container\.Seq"):
        read_checkpoint(path)


@pytest.mark.parametrize("old", [False, True])
def test_half_a_file_is_refused_wherever_it_was_cut(old, tmp_path):
    path = saved(tmp_path, TENSORS, _use_new_zipfile_serialization=not old)
    whole = path.read_bytes()
    for end in [2, *range(3, len(whole) - 1, len(whole) // 60)]:
        path.write_bytes(whole[:end])
        # A cut through a name in the first bytes leaves half of it, which reads as code.
        with pytest.raises(BadWeights, match=r"a damaged one .*; fetch it again|collec"):
            read_checkpoint(path)


@pytest.mark.parametrize("old", [False, True])
def test_a_flipped_byte_never_ends_in_another_error(old, tmp_path):
    path = saved(tmp_path, {"model": TENSORS}, _use_new_zipfile_serialization=not old)
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(150):
        broken = bytearray(whole)
        broken[rng.randrange(2, 900)] = rng.randrange(256)
        path.write_bytes(broken)
        try:
            read_checkpoint(path)
        except (BadWeights, UsageError) as error:
            assert str(path) in str(error)  # noqa: PT017 - reading may also succeed


@pytest.mark.parametrize("end", [0, 5, 40, -1])
def test_half_a_safetensors_file_is_refused(end, tmp_path):
    path = tmp_path / "x.safetensors"
    save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(BadWeights, match="must be a whole safetensors file, got"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>", r"begins with b'<!DOCTYP'; fetch it again"),
        (b"", r"begins with b''"),
        (b"PK\x03\x04 and then none", "a damaged one"),
    ],
)
def test_a_file_that_is_no_checkpoint_says_how_it_begins(content, message, tmp_path):
    path = tmp_path / "file.pth"
    path.write_bytes(content)
    with pytest.raises(BadWeights, match=message):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 3, "best": 0.5}, "must be tensors by name, got epoch, best"),
        ({}, "got nothing"),
        ([torch.zeros(1)], "must be tensors by name, got list"),
        ({"model": {"w": torch.tensor([1.0, float("nan")])}}, "w must be finite"),
    ],
)
def test_a_checkpoint_without_usable_tensors_is_refused(content, message, tmp_path):
    with pytest.raises(BadWeights, match=message):
        read_checkpoint(saved(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadWeights, match=r"no such file: .*none\.pth"):
        read_checkpoint(tmp_path / "none.pth")


def test_weights_packed_more_tightly_than_any_are_refused_unread(tmp_path):
    plain, bomb = tmp_path / "plain.pth", tmp_path / "bomb.pth"
    torch.save({"w": torch.zeros(5 << 20)}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(bomb, "w") as archive:
        for member in source.infolist():
            content = source.read(member)
            archive.writestr(member.filename, content, zipfile.ZIP_DEFLATED)
    with pytest.raises(BadWeights, match=r"20,971,520 bytes packed into .* more than 64"):
        read_checkpoint(bomb)


@pytest.mark.filterwarnings("ignore")  # torch's own about TorchScript
def test_a_program_is_not_run_and_the_message_tells_how_to_save_its_tensors(tmp_path):
    """CLIP's own files are such programs."""
    program = torch.jit.script(torch.nn.Linear(2, 2))
    torch.jit.save(program, tmp_path / "ViT-B-16.pt")
    with pytest.raises(
        BadWeights, match=r"got a program \(TorchScript\), which is not run"
    ):
        read_checkpoint(tmp_path / "ViT-B-16.pt")
