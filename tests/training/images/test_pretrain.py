from dataclasses import replace

import numpy as np
import pytest
import torch

from wildaffect.cli.main import main
from wildaffect.core.errors import MissingData, UsageError
from wildaffect.models.pretraining.catalog import build_mae
from wildaffect.training.core import trainer
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.checkpoint import load_weights as load_tensors
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.images.job import ImageTrainerConfig, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.pretrain_job import find_images, pretrain_run
from wildaffect.training.images.start import start_from
from wildaffect.video.pixels import read_image

CPU = ImageTrainerConfig(accelerator="cpu")


class Stopped(Exception):
    pass


@pytest.fixture
def fit(labeled, quiet):
    def run(recipe, folder, *, probed=(), callbacks=quiet, config=CPU, trees=None):
        return pretrain_run(
            recipe,
            trees or [find_images(labeled)],
            folder,
            probed=probed,
            config=config,
            data_license="ours",
            callbacks=callbacks,
        )

    return run


def test_hidden_patches_are_guessed_better_with_training(fit, mae_recipe, tmp_path):
    run = fit(replace(mae_recipe, num_epochs=12), tmp_path / "run")
    losses = [row["loss"] for row in read_metrics(run)]
    assert losses[-1] < 0.95 * losses[0]


def test_a_run_stopped_within_an_epoch_goes_on_as_if_it_had_not_been(
    fit, mae_recipe, tmp_path, monkeypatch
):
    def stop(run, done, num, loss):
        if done == 5:  # 3 steps are an epoch
            raise Stopped

    fit(mae_recipe, tmp_path / "whole")
    monkeypatch.setattr(trainer, "EVERY_S", 0.0)
    stopping = Callbacks(on_step_end=stop)
    with pytest.raises(Stopped):
        fit(mae_recipe, tmp_path / "parts", callbacks=stopping)
    fit(mae_recipe, tmp_path / "parts")
    whole, parts = (
        load_tensors(Run(tmp_path / item).weights) for item in ("whole", "parts")
    )
    assert all(torch.equal(parts[key], value) for key, value in whole.items())


def test_pictures_show_crop_mask_and_guess_side_by_side(fit, mae_recipe, tmp_path):
    fit(replace(mae_recipe, picture_every=2), tmp_path / "run")
    pictures = sorted((tmp_path / "run" / "pictures").iterdir())
    assert [path.name for path in pictures] == ["epoch-0002.png", "epoch-0003.png"]
    assert read_image(pictures[0]).shape == (8 * 16, 3 * 16, 3)


def test_the_same_patches_are_hidden_in_every_picture(fit, mae_recipe, tmp_path):
    fit(mae_recipe, tmp_path / "run")
    first, last = (
        read_image(tmp_path / "run" / "pictures" / f"epoch-000{number}.png")
        for number in (1, 3)
    )
    assert np.array_equal(first[:, :32], last[:, :32])
    assert not np.array_equal(first[:, 32:], last[:, 32:])


def test_the_encoder_of_a_run_starts_fine_tuning(fit, mae_recipe, tmp_path):
    run = fit(mae_recipe, tmp_path / "run")
    trained = load_tensors(run.weights)
    for network in ("vit_test.mae", "vit_test.mae_mean"):
        backbone = start_from(network, str(tmp_path / "run")).backbone
        key = "blocks.1.attn.qkv.weight"
        assert torch.equal(backbone.state_dict()[key], trained[key])


def test_features_are_probed_now_and_then_and_at_the_end(
    fit, mae_recipe, labeled, tmp_path
):
    probed = load_sets([SetPlace(data=labeled)], "train")
    run = fit(replace(mae_recipe, probe_every=2), tmp_path / "run", probed=probed)
    rows = list(read_metrics(run))
    assert ["dev/linear/score" in row for row in rows] == [False, True, True]
    assert rows[2]["dev/neighbors/valence"] > 0.5  # color shows it


def test_a_packed_folder_trains_to_the_same_bits(fit, mae_recipe, labeled, tmp_path):
    first = fit(mae_recipe, tmp_path / "folder")
    pack = tmp_path / "pack" / "set"
    assert main(["pack", str(labeled), "-o", str(pack), "--quiet"]) == 0
    trees = [find_images(pack)]
    second = fit(mae_recipe, tmp_path / "packed", trees=trees)
    assert first.data.read_bytes() == second.data.read_bytes()
    one, other = load_tensors(first.weights), load_tensors(second.weights)
    assert all(torch.equal(other[key], value) for key, value in one.items())


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(MissingData, match="no images found"):
        find_images(tmp_path)


def test_a_network_without_autoencoder_is_refused():
    with pytest.raises(UsageError, match="no such autoencoder"):
        build_mae("iresnet_test.arcface")
