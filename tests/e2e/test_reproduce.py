"""The commands of docs/reproduce.md, in their order, on a small generated archive.

Recipes and sizes give way to small ones; everything else is run as it is printed.
"""

import csv
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import wildaffect
from wildaffect.cli.main import main
from wildaffect.demo.clip import write_demo_clip
from wildaffect.formats.affectnet import COLUMNS as AFFECTNET_COLUMNS
from wildaffect.inference.artifact import load_artifact
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.synth.dataset import write_world
from wildaffect.synth.presets import Preset

ROOT = Path(__file__).parents[2]
WORLD = Preset(
    name="tiny",
    people={"train": 4, "val": 2, "test": 1},
    videos_per_person=1,
    rows_per_video=24,
    size_px=112,
    statistics="balanced",
)
FER_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
    "unknown,NF"
)
SMALLER = {
    "mae-vit-b16": "mae-micro",
    "finetune-vit-b16": "finetune-vit-micro",
    "finetune-iresnet100": "finetune-iresnet-small",
    "iresnet100.arcface": "iresnet_micro_64.arcface",
    "iresnet100.faces": "iresnet_micro_64.faces",
    "vit_base_patch16_224.mae": "vit_micro_patch8_64.mae",
    "224": "64",
    "112": "64",
    "5": "2",  # folds
}
WHOLE_SYSTEMS = (["train", "abaw4-ensemble"], ["train", "abaw4-system"])
CROPS = ("--num-epochs", "1", "--batch-size", "16")
ROWS = ("--num-epochs", "1", "--model.encoder.hidden-dim", "64", "--selection.share", "0.4")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A folder as the page begins with, and the files that others would have published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    world = tmp_path / "s-Aff-Wild2"
    for _ in write_world(
        world, WORLD, seed=3, statistics="balanced", size_px=112, workers=1
    ):
        pass
    crops = sorted((world / "cropped_aligned").rglob("*.jpg"))
    write_affectnet(tmp_path / "AffectNet", crops[::4])
    write_ferplus(tmp_path / "FERPlus", crops[1::4])
    for number, crop in enumerate(crops[2::6]):
        target = tmp_path / "faces" / f"{number}.jpg"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(crop, target)
    for file, network in (
        ("backbone.pth", "iresnet_micro_64.arcface"),
        ("mae.pth", "vit_micro_patch8_64.mae"),
        ("densefer.pth", "densenet_bc_64.gray"),
    ):
        torch.save(build_backbone(network).state_dict(), file)
    write_demo_clip(tmp_path / "video.mp4")
    return tmp_path


def write_affectnet(folder, crops):
    for name, part in (("training", crops[::2]), ("validation", crops[1::2])):
        rows = [",".join(AFFECTNET_COLUMNS)]
        for number, crop in enumerate(part):
            image = f"{name}/{number}.jpg"
            target = folder / "Manually_Annotated_Images" / image
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(crop, target)
            rows.append(f"{image},0,0,112,112,0;0,{number % 8},0.1,-0.2")
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")


def write_ferplus(folder, crops):
    parts = {"Training": "FER2013Train", "PublicTest": "FER2013Valid"}
    rows = [FER_HEADER]
    for number, crop in enumerate(crops):
        use = "PublicTest" if number % 4 == 0 else "Training"
        name = f"fer{number:07d}.png"
        target = folder / parts[use] / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(crop, target)
        votes = [10 if place == number % 8 else 0 for place in range(10)]
        rows.append(f"{use},{name},{','.join(map(str, votes))}")
    (folder / "fer2013new.csv").write_text("\n".join(rows) + "\n")


def printed_commands():
    """Return the words of every command on the page."""
    path = ROOT / "tests" / "test_documented_commands.py"
    spec = importlib.util.spec_from_file_location("documented_commands", path)
    walk = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(walk)
    return walk.commands_of(ROOT / "docs" / "reproduce.md")


def made_small(words):
    """Return a command with small recipes and sizes; None where it has no small form."""
    small = [SMALLER.get(word, word) for word in words]
    if words[0] in {"pretrain", "finetune"}:
        return [*small, *CROPS]
    if words[:2] in WHOLE_SYSTEMS or "runs/system/artifact" in words:
        return None  # gigabytes of networks at full width
    if words[0] == "train":
        is_recurrent = words[1].endswith(("gru", "lstm"))
        return [*small, *ROWS, *(() if is_recurrent else ("--model.encoder.ffn-dim", "64"))]
    return small


@pytest.mark.slow
@pytest.mark.e2e
def test_the_page_leads_from_an_archive_to_a_checked_submission_and_an_artifact(
    archive, capsys
):
    commands = [made_small(words) for words in printed_commands()]
    assert commands.count(None) == 3
    for words in filter(None, commands):
        status = main(words)
        printed = capsys.readouterr()
        if words != ["doctor"]:  # which may find the machine too slow
            assert status == 0, (words, printed.out[-2000:], printed.err[-2000:])
        if words[:2] == ["submit", "--check"]:
            assert "no fault" in printed.out
    listed = (archive / "s-Aff-Wild2" / "MTL_Challenge_test_set_release.txt").read_text()
    with Path("submission.txt").open() as file:
        assert len(list(csv.reader(file))) == len(listed.splitlines())
    manifest = load_artifact(archive / "artifacts" / "abaw4").manifest
    assert {item.kind for item in manifest.inputs} == {"backbone"}
    assert all("as agreed" in item.license for item in manifest.inputs)
    table = wildaffect.read_table(archive / "results" / "video.csv")
    assert len(table) == 150
    assert np.isfinite(table["valence"].to_numpy()).all()
