from dataclasses import replace

import pytest
import torch

from wildaffect.core.errors import BadWeights, UsageError
from wildaffect.core.tasks import Task
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.models.backbones.weights import load_weights
from wildaffect.training.core import trainer
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.checkpoint import load_weights as load_tensors
from wildaffect.training.core.distributed import Processes
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.core.scores import task_scores
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.gradient_accumulation import crops_per_process
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.runs import load_face_net
from wildaffect.training.images.start import find_weights, start_from

CPU = ImageTrainerConfig(accelerator="cpu")


class Stopped(Exception):
    pass


@pytest.fixture
def fit(labeled, quiet):
    def run(recipe, folder, *, weights=None, callbacks=quiet, config=CPU):
        sets = load_sets([SetPlace(data=labeled)], "train")
        return finetune_run(
            recipe,
            sets,
            folder,
            weights=weights,
            config=config,
            data_license="ours",
            callbacks=callbacks,
        )

    return run


def stop_after(num_steps):
    def step(run, done, num, loss):
        if done == num_steps:
            raise Stopped

    return Callbacks(on_step_end=step)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_training_learns_what_color_shows_on_held_out_people(
    fit, recipe, labeled, tmp_path, precision
):
    lasting = replace(recipe, num_epochs=8, selection=KeepLast(), precision=precision)
    trained = fit(lasting, tmp_path / "run")
    held_out = load_sets([SetPlace(data=labeled)], "val")
    found = crop_statistics(trained.model, held_out, trained.data.preprocess)
    scores = task_scores(found.pooled(), trained.data.tasks)
    assert scores["valence"] > 0.8
    assert scores["action_units"] >= 0.45  # of two units one never occurs


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_run_stopped_within_an_epoch_goes_on_as_if_it_had_not_been(
    fit, recipe, tmp_path, monkeypatch, precision
):
    recipe = replace(recipe, precision=precision)
    fit(recipe, tmp_path / "whole")
    monkeypatch.setattr(trainer, "EVERY_S", 0.0)
    with pytest.raises(Stopped):
        fit(recipe, tmp_path / "parts", callbacks=stop_after(7))  # 5 steps are an epoch
    fit(recipe, tmp_path / "parts")
    whole, parts = (
        load_tensors(Run(tmp_path / item).weights) for item in ("whole", "parts")
    )
    assert all(torch.equal(parts[key], value) for key, value in whole.items())
    losses = [
        [row["loss"] for row in read_metrics(Run(tmp_path / item))]
        for item in ("whole", "parts")
    ]
    assert losses[0] == losses[1]


def test_another_recipe_in_the_same_folder_is_refused(fit, recipe, tmp_path):
    last = replace(recipe, num_epochs=1)
    fit(last, tmp_path / "run")
    with pytest.raises(UsageError, match="this folder holds a run with another recipe"):
        fit(replace(last, seed=1), tmp_path / "run")


def test_the_backbone_of_a_run_loads_as_imported_weights_do(fit, recipe, tmp_path):
    trained = fit(replace(recipe, num_epochs=1), tmp_path / "run")
    loaded = load_weights(tmp_path / "run" / "backbone")
    crops = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(loaded.backbone(crops), trained.model.backbone(crops))
    assert loaded.manifest.name == "iresnet_test.run"
    assert "ours" in loaded.manifest.license


def test_a_run_begins_with_the_backbone_of_another(fit, recipe, tmp_path):
    fit(replace(recipe, num_epochs=1), tmp_path / "first")
    start = start_from("iresnet_test.arcface", str(tmp_path / "first"))
    frozen = replace(
        recipe, num_epochs=1, frozen_stages=6, selection=KeepLast(), ema_decay=0
    )
    second = fit(frozen, tmp_path / "second", weights=str(tmp_path / "first"))
    assert second.data.start == "iresnet_test.first"
    key = "layer4.0.conv2.weight"
    assert torch.equal(
        second.model.backbone.state_dict()[key], start.backbone.state_dict()[key]
    )


def test_weights_of_another_network_are_refused_by_name(fit, recipe, tmp_path):
    fit(replace(recipe, num_epochs=1), tmp_path / "first")
    with pytest.raises(
        UsageError,
        match=r"weights are for iresnet_test\.arcface, not for vit_test\.mae; use",
    ):
        start_from("vit_test.mae", str(tmp_path / "first"))


def test_a_plain_weight_file_starts_a_run(tmp_path):
    network = build_backbone("vit_test.mae")
    torch.save(network.state_dict(), tmp_path / "mae.pt")
    start = start_from("vit_test.mae_mean", str(tmp_path / "mae.pt"))
    weight = start.backbone.state_dict()["blocks.1.mlp.fc1.weight"]
    assert torch.equal(weight, network.state_dict()["blocks.1.mlp.fc1.weight"])
    assert start.weights == "mae.pt"


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save(build_backbone("vit_test.mae").state_dict(), tmp_path / "mae.pt")
    with pytest.raises(BadWeights, match=r"must fit iresnet_test\.arcface"):
        start_from("iresnet_test.arcface", str(tmp_path / "mae.pt"))


def test_a_run_that_has_not_ended_gives_no_weights(fit, recipe, tmp_path):
    with pytest.raises(Stopped):
        fit(recipe, tmp_path / "run", callbacks=stop_after(2))
    with pytest.raises(UsageError, match=r"unfinished run \(no backbone folder\)"):
        find_weights(str(tmp_path / "run"))
    with pytest.raises(
        UsageError, match=r"unfinished run \(no weights.safetensors\); repeat the finetune"
    ):
        load_face_net(tmp_path / "run")


def test_images_that_do_not_decode_are_reported_and_skipped(fit, recipe, labeled, tmp_path):
    (labeled / "p1" / "00002.png").write_bytes(b"broken")
    notes = []
    callbacks = Callbacks(on_note=notes.append)
    last = replace(recipe, num_epochs=1, selection=KeepLast(), batch_size=50)
    fit(last, tmp_path / "run", callbacks=callbacks)
    (note,) = notes
    assert note.startswith("1 of 50 images did not decode and trained nothing; the first: ")
    assert "00002.png" in note


def test_mixed_crops_train_too(fit, recipe, tmp_path):
    fit(replace(recipe, mixup_alpha=0.8), tmp_path / "run")
    losses = [row["loss"] for row in read_metrics(Run(tmp_path / "run"))]
    assert losses[-1] < losses[0]


def test_tasks_that_nothing_is_labeled_for_are_left_out(fit, recipe, labeled, tmp_path):
    path = labeled / "manifest.csv"
    lines = [
        ",".join(line.split(",")[:4] + line.split(",")[6:7])
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    trained = fit(replace(recipe, num_epochs=1), tmp_path / "run")
    assert trained.data.tasks == (Task.EXPRESSION,)
    with pytest.raises(UsageError, match="no labels for valence; the data has labels for"):
        fit(replace(recipe, tasks=(Task.VALENCE,)), tmp_path / "other")


def test_stochastic_depth_is_for_vision_transformers_alone(fit, recipe, tmp_path):
    with pytest.raises(
        UsageError, match=r"drop_path must be 0 for .*, which is not a vision"
    ):
        fit(replace(recipe, drop_path=0.1), tmp_path / "run")


def test_a_batch_must_be_shared_evenly():
    with pytest.raises(UsageError, match="multiple of the 3 processes, got 8"):
        crops_per_process("test", 8, Processes(count=3))
