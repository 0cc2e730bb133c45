"""A whole system from pixels, on worlds of a few generated people."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from wildaffect.core.errors import MissingData, SplitError, UsageError
from wildaffect.features.crops import CropOptions
from wildaffect.features.store import FeatureStore
from wildaffect.inference.artifact import load_artifact
from wildaffect.recipes.images import (
    finetune_densenet_micro,
    finetune_iresnet_small,
    finetune_vit_micro,
    mae_micro,
)
from wildaffect.recipes.pixel_systems import (
    PIXEL_SYSTEMS,
    BackboneRecipe,
    abaw4_system_small,
)
from wildaffect.synth.dataset import write_world
from wildaffect.synth.presets import PRESETS
from wildaffect.workflows.pixel_stages import stages_of, train_from_pixels
from wildaffect.workflows.system_folder import CLAIM
from wildaffect.workflows.system_options import PixelSystemOptions
from wildaffect.workflows.systems import SILENT


@pytest.fixture(autouse=True)
def one_torch_thread():
    torch.set_num_threads(1)


def draw(folder: Path, *, seed: int, people: dict) -> Path:
    preset = replace(PRESETS["tiny"], people=people, videos_per_person=1, rows_per_video=8)
    made = write_world(
        folder, preset, seed=seed, statistics="balanced", size_px=64, workers=1
    )
    for _ in made:
        pass
    return folder


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    root = tmp_path_factory.mktemp("worlds")
    draw(root / "faces", seed=1, people={"train": 4, "val": 2, "test": 0})
    draw(root / "clips", seed=2, people={"train": 4, "val": 3, "test": 0})
    return root


def tiny_system():
    small = abaw4_system_small()
    short = {"num_epochs": 1, "batch_size": 8}
    return replace(
        small,
        system=replace(small.system, members=(("modern-frame", 0), ("modern-gru", 0))),
        backbones=(
            BackboneRecipe(
                name="vit",
                finetune=replace(finetune_vit_micro(), **short),
                pretrain=replace(mae_micro(), **short),
            ),
            BackboneRecipe(
                name="iresnet", finetune=replace(finetune_iresnet_small(), **short)
            ),
            BackboneRecipe(
                name="densenet", finetune=replace(finetune_densenet_micro(), **short)
            ),
        ),
    )


def command_for(worlds: Path, output: Path, **changes) -> PixelSystemOptions:
    command = PixelSystemOptions(
        recipe=tiny_system(),
        feature_data=(worlds / "faces",),
        data=worlds / "clips",
        output=output,
        device="cpu",
    )
    return replace(command, **changes)


def names_of(command: PixelSystemOptions) -> list[str]:
    return [stage.name for stage in stages_of(command)]


def test_stages_stand_in_the_order_in_which_each_has_what_it_reads(worlds, tmp_path):
    assert names_of(command_for(worlds, tmp_path)) == [
        "crop faces",
        "pretrain mae-micro",
        "finetune vit",
        "finetune iresnet",
        "finetune densenet",
        "extract",
        "train, join and export",
    ]


def test_images_that_were_cropped_before_are_not_cropped_again(worlds, tmp_path):
    marked = tmp_path / "cut"
    marked.mkdir()
    (marked / "crops.json").write_text(json.dumps(asdict(CropOptions(size_px=64))))
    ready = command_for(worlds, tmp_path, feature_images=(marked,))
    assert "crop" not in " ".join(names_of(ready))


def test_crops_that_are_too_small_are_refused(worlds, tmp_path):
    (tmp_path / "crops.json").write_text(json.dumps(asdict(CropOptions(size_px=48))))
    small = command_for(worlds, tmp_path, feature_images=(tmp_path,))
    with pytest.raises(UsageError, match=r"crops must have 64 px or more .* got 48"):
        stages_of(small)


def test_a_damaged_note_of_how_crops_were_cut_is_reported(worlds, tmp_path):
    (tmp_path / "crops.json").write_text('{"size_px": ')
    damaged = command_for(worlds, tmp_path, feature_images=(tmp_path,))
    with pytest.raises(
        MissingData, match=r"crops.json: must hold the crop options, .* cut them again"
    ):
        stages_of(damaged)


def test_a_folder_in_which_no_face_is_found_is_refused_again_and_again(worlds, tmp_path):
    (tmp_path / "empty").mkdir()
    command = command_for(worlds, tmp_path, unlabeled=(tmp_path / "empty",))
    for _ in range(2):
        (crop,) = [item for item in stages_of(command) if item.name == "crop empty"]
        with pytest.raises(MissingData, match="empty: must hold images of faces"):
            crop.run()


def interrupt_first_stage(command):
    def interrupt(note):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_from_pixels(command, replace(SILENT, on_note=interrupt))


def test_another_data_license_is_refused_as_the_artifact_would_state_the_old_one(
    worlds, tmp_path
):
    interrupt_first_stage(command_for(worlds, tmp_path))
    with pytest.raises(UsageError, match="another data license;"):
        train_from_pixels(command_for(worlds, tmp_path, data_license="CC0-1.0"))


def test_people_of_the_features_are_refused_as_people_of_the_data(worlds, tmp_path):
    same = command_for(worlds, tmp_path / "out", feature_data=(worlds / "clips",))
    with pytest.raises(SplitError, match=r"7 subjects are also in"):
        train_from_pixels(same)
    assert not (tmp_path / "out").exists()


def test_a_single_validation_subject_is_refused_before_anything_is_trained(
    worlds, tmp_path
):
    draw(tmp_path / "few", seed=3, people={"train": 2, "val": 1, "test": 0})
    with pytest.raises(SplitError, match="val must hold at least 2 subjects, got 1"):
        train_from_pixels(command_for(worlds, tmp_path / "out", data=tmp_path / "few"))
    assert not (tmp_path / "out").exists()


def test_another_world_of_the_same_seed_holds_the_same_people(worlds, tmp_path):
    draw(tmp_path / "again", seed=2, people={"train": 2, "val": 0, "test": 0})
    other = command_for(worlds, tmp_path / "out", feature_data=(tmp_path / "again",))
    with pytest.raises(SplitError, match=r"2 subjects are also in .*, such as t0000"):
        train_from_pixels(other)


def test_two_sets_of_one_name_are_refused(worlds, tmp_path):
    twice = (worlds / "faces", worlds / "faces")
    with pytest.raises(UsageError, match="must have names of their own, got faces, faces"):
        stages_of(command_for(worlds, tmp_path, feature_data=twice))


def test_images_are_named_for_every_set_or_for_none(worlds, tmp_path):
    both = (worlds / "faces", worlds / "clips")
    with pytest.raises(UsageError, match=r"once per set \(2\), got 1"):
        stages_of(
            command_for(worlds, tmp_path, feature_data=both, feature_images=(tmp_path,))
        )


def test_several_processes_are_refused(worlds, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="must be one process, got 2"):
        train_from_pixels(command_for(worlds, tmp_path))


def test_a_folder_of_another_seed_is_refused(worlds, tmp_path):
    interrupt_first_stage(command_for(worlds, tmp_path))
    with pytest.raises(UsageError, match="another recipe or its seed;"):
        train_from_pixels(command_for(worlds, tmp_path, seed=1))


def test_a_seed_reaches_every_part():
    recipe = abaw4_system_small().with_seed(3)
    assert {seed for _, seed in recipe.system.members} == {3}
    assert {backbone.finetune.seed for backbone in recipe.backbones} == {3}
    assert recipe.backbones[0].pretrain.seed == 3


def test_stretching_multiplies_the_epochs_of_backbones_and_their_patience():
    plain, longer = abaw4_system_small(), abaw4_system_small().with_epoch_scale(3)
    for backbone, other in zip(plain.backbones, longer.backbones, strict=True):
        assert other.finetune.num_epochs == 3 * backbone.finetune.num_epochs
        patience = backbone.finetune.selection.patience_epochs
        assert other.finetune.selection.patience_epochs == 3 * patience
    before = plain.backbones[0].pretrain.num_epochs
    assert longer.backbones[0].pretrain.num_epochs == 3 * before
    assert plain.with_epoch_scale(1) == plain


def test_a_stretch_below_one_is_refused(tmp_path):
    with pytest.raises(ValueError, match="epoch_scale must be at least 1, got 0"):
        command_for(tmp_path, tmp_path, epoch_scale=0)


@pytest.mark.parametrize("name", PIXEL_SYSTEMS)
def test_members_and_backbones_of_every_system_are_recipes(name):
    recipe = PIXEL_SYSTEMS[name]()
    assert recipe.system.name == name
    assert recipe.feature_sets == ("vit", "iresnet", "densenet")
    assert recipe.backbones[0].finetune.network.startswith(
        recipe.backbones[0].pretrain.network
    )


@pytest.mark.slow
def test_pixels_become_an_artifact_and_nothing_is_done_twice(worlds, tmp_path):
    command = command_for(worlds, tmp_path / "out")
    out = command.folder
    assert train_from_pixels(command) == out / "artifact"
    store = FeatureStore(out / "features")
    assert store.feature_sets() == ["densenet", "iresnet", "vit"]
    scores = json.loads((out / "ensemble" / "scores-val.json").read_text())
    assert {score["name"].split(",")[0] for score in scores} > {"ensemble"}
    assert (out / CLAIM).is_file()
    artifact = load_artifact(out / "artifact")
    inputs = artifact.manifest.inputs
    assert [item.name for item in inputs] == ["vit", "iresnet", "densenet"]
    assert {item.kind for item in inputs} == {"backbone"}
    weights = sorted(out.rglob("weights.safetensors"))
    assert len(weights) == 10  # of six runs, four of them with a backbone laid out
    before = {path: path.stat().st_mtime_ns for path in weights}
    rows = {path: path.read_text() for path in out.rglob("metrics.jsonl")}
    train_from_pixels(command)
    assert {path: path.stat().st_mtime_ns for path in weights} == before
    assert {path: path.read_text() for path in out.rglob("metrics.jsonl")} == rows
