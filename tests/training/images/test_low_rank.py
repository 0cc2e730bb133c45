from dataclasses import replace

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.models.low_rank import LowRankChange, adapt, count_weights, merge
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.checkpoint import load_weights as load_tensors
from wildaffect.training.core.runs import Run
from wildaffect.training.images.adaptation import LowRank
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import SetPlace
from wildaffect.training.images.start import find_weights

CPU = ImageTrainerConfig(accelerator="cpu")


@pytest.fixture
def vit_recipe(recipe):
    return replace(
        recipe, network="vit_test.mae", adaptation=LowRank(rank=2, scale=1.0), num_epochs=2
    )


@pytest.fixture
def fit(labeled):
    def run(recipe, folder, weights=None, config=CPU):
        notes = []
        trained = finetune_run(
            recipe,
            load_sets([SetPlace(data=labeled)], "train"),
            folder,
            weights=weights,
            config=config,
            data_license="ours",
            callbacks=Callbacks(on_note=notes.append),
        )
        return trained, notes

    return run


@pytest.fixture
def start(tmp_path):
    torch.manual_seed(5)
    path = tmp_path / "start.pt"
    torch.save(build_backbone("vit_test.mae").state_dict(), path)
    return path


def test_an_adapted_network_is_the_same_before_training():
    torch.manual_seed(0)
    backbone = build_backbone("vit_test.mae").eval()
    crops = torch.randn(2, 3, 16, 16)
    before = backbone(crops)
    adapt(backbone, rank=2, scale=2.0)
    torch.testing.assert_close(backbone(crops), before, rtol=0, atol=0)


def test_the_counts_are_those_of_the_two_thin_matrices():
    backbone = build_backbone("vit_test.mae")
    _, total = count_weights(backbone)
    adapt(backbone, rank=2, scale=1.0)
    # Per block of width 16: qkv 16 to 48, projection 16 to 16, 16 to 64 and 64 to 16.
    expected = 2 * sum(2 * (a + b) for a, b in ((16, 48), (16, 16), (16, 64), (64, 16)))
    assert count_weights(backbone) == (expected, total + expected)


def test_merged_weights_compute_what_the_adapted_network_does():
    torch.manual_seed(0)
    adapted = build_backbone("vit_test.mae").eval()
    adapt(adapted, rank=2, scale=0.5)
    for module in adapted.modules():
        if isinstance(module, LowRankChange):
            torch.nn.init.normal_(module.up)
    plain = build_backbone("vit_test.mae").eval()
    plain.load_state_dict(merge(adapted.state_dict()))
    crops = torch.randn(3, 3, 16, 16)
    torch.testing.assert_close(plain(crops), adapted(crops), rtol=1e-5, atol=1e-5)
    assert merge(plain.state_dict()).keys() == plain.state_dict().keys()


def test_a_run_saves_plain_weights_that_differ_by_the_rank_alone(
    fit, vit_recipe, start, tmp_path
):
    trained, notes = fit(vit_recipe, tmp_path / "run", weights=str(start))
    before = torch.load(start, weights_only=True)
    after = {
        name.removeprefix("backbone."): tensor
        for name, tensor in load_tensors(Run(tmp_path / "run").weights).items()
        if name.startswith("backbone.")
    }
    assert after.keys() == before.keys()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert "blocks.0.attn.qkv.weight" in changed
    assert all(name.startswith("blocks.") and ".weight" in name for name in changed)
    for name in changed:
        difference = (after[name] - before[name]).double()
        assert torch.linalg.matrix_rank(difference, rtol=1e-4) <= 2
    (note,) = [note for note in notes if "weights are trained" in note]
    head = sum(weight.numel() for weight in trained.model.heads.parameters())
    changes = 2 * sum(2 * (a + b) for a, b in ((16, 48), (16, 16), (16, 64), (64, 16)))
    assert note.startswith(f"{head + changes:,} of ")
    loaded = find_weights(str(tmp_path / "run")).backbone
    torch.testing.assert_close(loaded.state_dict(), after)
    fit(vit_recipe, tmp_path / "run", weights=str(start))  # finished: changes nothing


def test_networks_that_cannot_be_adapted_are_named(fit, recipe, vit_recipe, tmp_path):
    with pytest.raises(
        UsageError, match=r"iresnet_test\.arcface: low-rank adaptation needs"
    ):
        fit(replace(vit_recipe, network="iresnet_test.arcface"), tmp_path / "one")
    too_high = replace(vit_recipe, adaptation=LowRank(rank=17))
    with pytest.raises(UsageError, match="rank must be at most 16, the smaller side of"):
        fit(too_high, tmp_path / "two")
    assert not (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()
    with pytest.raises(ValueError, match="adaptation: rank must be at least 1, got 0"):
        LowRank(rank=0)
