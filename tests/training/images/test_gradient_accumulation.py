"""How many crops are in memory at once changes nothing of what is learned."""

from dataclasses import replace

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.models.frameworks import HeadConfig
from wildaffect.training.core import trainer
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.trainer import OutOfMemory
from wildaffect.training.images.finetune import Finetune
from wildaffect.training.images.gradient_accumulation import GradientAccumulator
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.pretrain import Pretrain
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


def test_a_mean_of_losses_of_portions_would_be_another_loss(
    weights_of, assert_close, vit, monkeypatch
):
    """What portions are spared: the CCC of some crops is not that of all."""

    def apart(self, forward, num_crops, step, outputs_of, report_of):
        cuts = self._cut(num_crops)
        parts = [outputs_of(cut) for cut in cuts]
        whole = {task: torch.cat([part[task] for part in parts]) for task in parts[0]}
        for cut in cuts:  # gradients through some crops alone, as accumulation has them
            some = {task: torch.zeros_like(value) for task, value in whole.items()}
            for task, value in whole.items():
                some[task][cut] = value[cut]
            report = report_of(some)
            (report.total / len(cuts)).backward(retain_graph=True)
        return report

    micro_batch_size = weights_of(vit, None)
    monkeypatch.setattr(GradientAccumulator, "joint_loss", apart)
    with pytest.raises(AssertionError):
        assert_close(micro_batch_size, weights_of(vit, 3))


def test_stochastic_depth_draws_the_same_both_times_a_portion_is_seen(
    weights_of, vit, monkeypatch
):
    seen = []
    drawn = GradientAccumulator._drawn

    def recorded(self, outputs_of, step, number, cut):
        outputs = drawn(self, outputs_of, step, number, cut)
        seen.append((step, number, {k: v.detach() for k, v in outputs.items()}))
        return outputs

    monkeypatch.setattr(GradientAccumulator, "_drawn", recorded)
    weights_of(replace(vit, drop_path=0.5, num_epochs=1), 4)
    first = {(s, n): o for s, n, o in seen[:2]}
    again = {(s, n): o for s, n, o in seen[2:4]}
    assert first.keys() == again.keys() == {(0, 0), (0, 1)}
    for key, outputs in first.items():
        for task, value in outputs.items():
            assert torch.equal(value, again[key][task])


def test_batch_norm_needs_the_full_batch(weights_of, recipe):
    with pytest.raises(UsageError, match="batch norm needs all 8 crops"):
        weights_of(recipe, 4)
    weights_of(replace(recipe, num_epochs=1), 8)


def test_a_micro_batch_size_below_one_is_refused(weights_of, mae):
    with pytest.raises(UsageError, match="micro_batch_size: must be at least 1, got 0"):
        weights_of(mae, 0)


@pytest.mark.parametrize("kind", ["finetune", "pretrain"])
def test_a_step_that_does_not_fit_says_how_many_crops_to_try_and_the_run_goes_on_with_it(
    weights_of, assert_close, vit, mae, kind, monkeypatch, tmp_path
):
    recipe, where, num = (vit, Finetune, 8) if kind == "finetune" else (mae, Pretrain, 16)
    whole = weights_of(recipe, None, "whole")
    monkeypatch.setattr(trainer, "EVERY_S", 0.0)
    forward_backward = where.forward_backward

    def full(self, forward, batch):
        if batch.step == 4:
            raise torch.OutOfMemoryError("no memory")
        return forward_backward(self, forward, batch)

    with monkeypatch.context() as patch:
        patch.setattr(where, "forward_backward", full)
        with pytest.raises(OutOfMemory, match=f"micro_batch_size {num // 2}, or"):
            weights_of(recipe, None)
    (tmp_path / "run-None").rename(tmp_path / f"run-{num // 2}")
    assert_close(whole, weights_of(recipe, num // 2))


def test_without_micro_batches_the_message_names_other_ways(
    weights_of, recipe, monkeypatch
):
    def full(self, forward, batch):
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(Finetune, "forward_backward", full)
    with pytest.raises(
        OutOfMemory, match=r"out of memory with 8 crops per step; resume with recompute"
    ):
        weights_of(recipe, None)
