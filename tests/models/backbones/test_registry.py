import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.models.backbones.catalog import SHIPPED
from wildaffect.models.backbones.iresnet import IResNetConfig
from wildaffect.models.backbones.registry import (
    BACKBONES,
    backbone_names,
    backbone_spec,
    build_backbone,
    register_backbone,
)
from wildaffect.models.backbones.vit import ViTConfig, mean_token_from

MICRO = "vit_micro_patch8_64.mae"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("iresnet5.arcface", "iresnet50.arcface"),
        ("vit_base_patch16.mae", "vit_base_patch16_224.mae"),
        ("timm/resnet18s", "resnet18"),
        ("timm/resnet18.a1_in2k", "resnet18.a1_in1k"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name, near):
    with pytest.raises(UsageError, match=rf"did you mean .*{near}"):
        build_backbone(name)


def test_a_name_far_from_all_lists_them():
    with pytest.raises(UsageError, match=r"densenet121\.imagenet, .*vit_tiny"):
        build_backbone("?")


def test_registering_twice_is_an_error():
    with pytest.raises(ValueError, match=r"the name 'iresnet18\.arcface' is taken"):
        register_backbone(backbone_spec("iresnet18.arcface"))


def test_a_name_without_a_tag_is_refused():
    spec = replace(backbone_spec("iresnet18.arcface"), name="iresnet18")
    with pytest.raises(ValueError, match=r"name must be architecture\.tag"):
        register_backbone(spec)
    assert "iresnet18" not in backbone_names()


@pytest.mark.parametrize(
    ("model", "size_px", "mean", "feature_dim"),
    [  # crops as on the cards of these weights
        ("vit_small_patch14_dinov2.lvd142m", 518, 0.485, 384),
        ("vit_small_patch16_dinov3.lvd1689m", 256, 0.485, 384),
        ("vit_base_patch16_clip_quickgelu_224.openai", 224, 0.48145466, 768),
    ],
)
def test_dinov2_dinov3_and_clip_are_models_of_timm(model, size_px, mean, feature_dim):
    spec = backbone_spec(f"timm/{model}")
    assert spec.preprocess.size_px == size_px
    assert spec.preprocess.mean[0] == pytest.approx(mean)
    assert spec.feature_dim == feature_dim


def test_a_model_of_timm_brings_its_crop():
    spec = backbone_spec("timm/vit_tiny_patch16_224.augreg_in21k")
    assert spec.preprocess.mean == (0.5, 0.5, 0.5)
    assert (spec.feature_dim, spec.preprocess.size_px) == (192, 224)


def test_a_model_that_widens_before_its_classifier_says_so():
    assert backbone_spec("timm/mobilenetv3_small_100").feature_dim == 1024


def test_fine_tuning_starts_from_the_pretrained_layers_and_a_new_norm():
    encoder = build_backbone(MICRO)
    torch.nn.init.constant_(encoder.norm.weight, 7)
    network = mean_token_from(encoder)
    assert torch.equal(network.blocks[5].mlp.fc2.weight, encoder.blocks[5].mlp.fc2.weight)
    assert network.fc_norm.weight.unique().tolist() == [1]
    assert network.pos_embed.requires_grad
    assert not encoder.pos_embed.requires_grad


def test_stochastic_depth_rises_with_the_blocks_and_is_off_in_evaluation():
    network = build_backbone(MICRO)
    network.set_drop_path(0.5)
    ratios = [block.drop_ratio for block in network.blocks]
    assert ratios == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    crops = torch.randn(4, 3, 64, 64)
    assert not torch.equal(network.train()(crops), network(crops))
    assert torch.equal(network.eval()(crops), network(crops))


def test_stochastic_depth_keeps_the_mean_of_a_branch():
    torch.manual_seed(0)
    block = build_backbone(MICRO).blocks[0].train()
    block.drop_ratio = 0.3
    kept = block._dropped(torch.ones(20_000, 1, 1))
    assert sorted(kept.unique().tolist()) == pytest.approx([0, 1 / 0.7])
    assert kept.mean().item() == pytest.approx(1, abs=0.02)


def test_a_drop_ratio_of_one_is_refused():
    with pytest.raises(ValueError, match=r"drop path must be in \[0, 1\), got 1"):
        build_backbone(MICRO).set_drop_path(1.0)


@pytest.mark.parametrize(
    ("config", "sizes", "message"),
    [
        (
            ViTConfig,
            {"size_px": 60, "dim": 64, "depth": 1, "num_heads": 2},
            "multiple of pa",
        ),
        (ViTConfig, {"dim": 66, "depth": 1, "num_heads": 2}, "dim must be a multiple of 4"),
        (IResNetConfig, {"units": (1, 1, 1, 1), "size_px": 50}, "size_px must be a multi"),
    ],
)
def test_sizes_that_do_not_divide_are_refused(config, sizes, message):
    with pytest.raises(ValueError, match=message):
        config(**sizes)


def test_the_page_lists_name_features_and_crop_of_every_backbone():
    page = (Path(__file__).parents[3] / "docs" / "backbones.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\S+\.\S+)` \| (.*) \|$", page, re.MULTILINE))
    assert rows.keys() == {item.name for item in SHIPPED}  # other tests register some more
    for name, row in rows.items():
        spec = backbone_spec(name)
        features, _, crop = row.split(" | ")
        assert int(features) == spec.feature_dim
        size = f"{spec.preprocess.size_px} px {spec.preprocess.channels}, "
        assert crop.startswith(size)


def test_a_backbone_declared_under_another_name_than_its_own_is_refused(monkeypatch):
    spec = backbone_spec("iresnet18.arcface")
    monkeypatch.setitem(BACKBONES._parts, "alias.outside", spec)
    with pytest.raises(UsageError, match=r"has the name 'iresnet18\.arcface'"):
        backbone_spec("alias.outside")
