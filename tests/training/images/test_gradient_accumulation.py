"""How many crops are in memory at once changes nothing of what is learned."""

import itertools
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.vit import ViTTrunk
from wildaffect.models.frameworks import HeadConfig
from wildaffect.models.pretraining.mae import MaskedAutoencoder
from wildaffect.training.core import trainer
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.trainer import OutOfMemory
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.pretrain_job import find_images, pretrain_run

GENTLE = OptimConfig(peak_lr=1e-3, max_grad_norm=0.5)
"""Where a gradient is nearly 0, Adam takes steps as large as the rate by its rounding."""


@pytest.fixture
def vit(recipe):
    """Without dropout, which draws anew for every portion."""
    plain = HeadConfig(hidden_dims=(), dropout=0.0)
    return replace(recipe, network="vit_test.mae_mean", optim=GENTLE, head=plain)


@pytest.fixture
def mae(mae_recipe):
    return replace(mae_recipe, optim=GENTLE)


@pytest.fixture
def weights_of(labeled, quiet, tmp_path):
    """Train with this many crops in memory and return the weights."""

    def run(recipe, micro_batch_size, folder="run"):
        options = {
            "config": ImageTrainerConfig(
                accelerator="cpu", micro_batch_size=micro_batch_size
            ),
            "data_license": "ours",
            "callbacks": quiet,
        }
        path = tmp_path / f"{folder}-{micro_batch_size}"
        if recipe.kind == "finetune":
            sets = load_sets([SetPlace(data=labeled)], "train")
            finetune_run(recipe, sets, path, weights=None, **options)
        else:
            pretrain_run(recipe, [find_images(labeled)], path, probed=(), **options)
        return load_weights(path / "weights.safetensors")

    return run


@pytest.mark.parametrize("micro_batch_size", [3, 8])
def test_an_autoencoder_learns_the_same_in_micro_batches(
    weights_of, assert_close, mae, micro_batch_size
):
    assert_close(weights_of(mae, None), weights_of(mae, micro_batch_size))


@pytest.mark.parametrize("mixup_alpha", [0.0, 0.8], ids=["plain", "mixed"])
def test_losses_of_all_crops_together_are_the_same_in_micro_batches(
    weights_of, assert_close, vit, mixup_alpha
):
    mixed = replace(vit, mixup_alpha=mixup_alpha)
    assert_close(weights_of(mixed, None), weights_of(mixed, 3))


def test_stochastic_depth_draws_the_same_both_times_a_portion_is_seen(weights_of, vit):
    features = []

    def record(module, inputs, output):
        if isinstance(module, ViTTrunk) and module.training:
            features.append(output.detach().clone())

    handle = register_module_forward_hook(record)
    try:
        weights_of(replace(vit, drop_path=0.5, num_epochs=1), 4)
    finally:
        handle.remove()
    for first, again in zip(features[:2], features[2:4], strict=True):
        assert torch.equal(first, again)
    assert not torch.equal(features[0], features[1])


def test_batch_norm_needs_the_full_batch(weights_of, recipe):
    with pytest.raises(UsageError, match="batch norm needs all 8 crops"):
        weights_of(recipe, 4)
    weights_of(replace(recipe, num_epochs=1), 8)


def test_a_micro_batch_size_below_one_is_refused(weights_of, mae):
    with pytest.raises(UsageError, match="micro_batch_size: must be at least 1, got 0"):
        weights_of(mae, 0)


@contextmanager
def no_memory_at(num_passes):
    """Make the device run out of memory in this training pass of a network, from 0."""
    passes = itertools.count()

    def before(module, inputs):
        is_network = isinstance(module, Backbone | MaskedAutoencoder)
        if is_network and module.training and next(passes) == num_passes:
            raise torch.OutOfMemoryError("no memory")

    handle = register_module_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


@pytest.mark.parametrize("kind", ["finetune", "pretrain"])
def test_a_step_that_does_not_fit_says_how_many_crops_to_try_and_the_run_goes_on_with_it(
    weights_of, assert_close, vit, mae, kind, monkeypatch, tmp_path
):
    recipe, num = (vit, 8) if kind == "finetune" else (mae, 16)
    whole = weights_of(recipe, None, "whole")
    monkeypatch.setattr(trainer, "EVERY_S", 0.0)
    with (
        no_memory_at(4),
        pytest.raises(OutOfMemory, match=f"micro_batch_size {num // 2}, or"),
    ):
        weights_of(recipe, None)
    (tmp_path / "run-None").rename(tmp_path / f"run-{num // 2}")
    assert_close(whole, weights_of(recipe, num // 2))


def test_without_micro_batches_the_message_names_other_ways(weights_of, recipe):
    message = r"out of memory with 8 crops per step; resume with recompute"
    with no_memory_at(0), pytest.raises(OutOfMemory, match=message):
        weights_of(recipe, None)
