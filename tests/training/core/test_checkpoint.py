import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wildaffect.training.core.checkpoint import (
    BadCheckpoint,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)


class Killed(BaseException):
    """Stands for the end of the process."""


def weights(value):
    return {"one": torch.full((3, 4), float(value)), "two": torch.full((2,), -float(value))}


def save(folder, value):
    state = {"step": value, "names": ["a", {"b": torch.tensor(value)}]}
    save_checkpoint(folder, weights(value), state)


def test_what_was_saved_last_comes_back_and_nothing_is_left_beside_it(tmp_path):
    folder = tmp_path / "run" / "checkpoint"
    assert load_checkpoint(folder) is None
    for value in (1, 2, 3):
        save(folder, value)
    found, state = load_checkpoint(folder)
    assert torch.equal(found["one"], weights(3)["one"])
    assert state["step"] == 3
    assert state["names"][1]["b"] == 3
    assert [path.name for path in folder.parent.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize("operation", ["mkdir", "rename", "replace"])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "behind"])
def test_a_stop_anywhere_in_saving_leaves_the_checkpoint_before_or_the_new_one(
    tmp_path, monkeypatch, operation, which, is_before
):
    folder = tmp_path / "checkpoint"
    save(folder, 1)
    do, count = getattr(Path, operation), [0]

    def dying(self, *args, **options):
        count[0] += 1
        if count[0] == which + 1 and is_before:
            raise Killed
        result = do(self, *args, **options)
        if count[0] == which + 1:
            raise Killed
        return result

    for value in (2, 3):  # twice, so that leftovers of the first are there in the second
        with monkeypatch.context() as patch:
            patch.setattr(Path, operation, dying)
            count[0] = 0
            with suppress(Killed):
                save(folder, value)
        found, state = load_checkpoint(folder)
        assert state["step"] in {value - 1, value, 1}
        assert torch.equal(found["one"], weights(state["step"])["one"])
    save(folder, 4)
    assert load_checkpoint(folder)[1]["step"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_stop_between_the_renames_leaves_the_newest_whole_one_not_an_older(
    tmp_path, monkeypatch
):
    folder = tmp_path / "checkpoint"
    save(folder, 1)
    shutil.copytree(folder, tmp_path / ".checkpoint.old")  # of a stop before this one
    save(folder, 2)
    folder.rename(tmp_path / ".checkpoint.old")
    assert load_checkpoint(folder)[1]["step"] == 2


@pytest.mark.parametrize("name", ["model.safetensors", "state.pt"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: b"\x80\x02garbage" + content[40:],
        lambda content: b"hello",
    ],
    ids=["empty", "half", "overwritten", "text"],
)
def test_a_damaged_checkpoint_is_named(tmp_path, name, spoil):
    folder = tmp_path / "checkpoint"
    save(folder, 1)
    file = folder / name
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(BadCheckpoint, match=f"{name}: corrupt checkpoint: "):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "state.pt"])
def test_a_changed_bit_is_found_wherever_it_is(tmp_path, name):
    folder = tmp_path / "checkpoint"
    save(folder, 1)
    content = (folder / name).read_bytes()
    for place in range(0, len(content), max(1, len(content) // 50)):
        changed = bytearray(content)
        changed[place] ^= 1
        (folder / name).write_bytes(changed)
        with pytest.raises(BadCheckpoint, match=rf"{name}: corrupt checkpoint: the sha256"):
            load_checkpoint(folder)


def test_a_checkpoint_without_its_checksums_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    save(folder, 1)
    for content in (b"[]", b"{}", b"["):
        (folder / "sha256.json").write_bytes(content)
        with pytest.raises(BadCheckpoint, match="delete the folder to start over"):
            load_checkpoint(folder)
    (folder / "sha256.json").unlink()
    with pytest.raises(BadCheckpoint, match="cannot read checksums: "):
        load_checkpoint(folder)


def test_weights_with_a_changed_value_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, weights(1))
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(
        BadCheckpoint, match="corrupt weights: the sha256 is not the recorded"
    ):
        load_weights(path)
    save_file(weights(2), path)  # of another program, which states no hash
    assert torch.equal(load_weights(path)["one"], weights(2)["one"])


def test_weights_are_replaced_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "best.safetensors"
    save_weights(path, weights(1))

    def dying(self, target):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying)
        with pytest.raises(Killed):
            save_weights(path, weights(2))
    assert torch.equal(load_weights(path)["one"], weights(1)["one"])
    save_weights(path, weights(3))
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(BadCheckpoint, match=r"none\.safetensors: cannot read weights: "):
        load_weights(tmp_path / "none.safetensors")
