import pytest
import torch

from wildaffect.models.backbones.layer_decay import layer_decay_groups, weight_decay_groups
from wildaffect.models.backbones.registry import build_backbone

NAMES = (
    "vit_micro_patch8_64.mae_mean",
    "iresnet_micro_64.arcface",
    "densenet_bc_64.gray",
    "timm/test_resnet.r160_in1k",
)


def by_name(network, groups):
    owner = {id(p): group for group in groups for p in group["params"]}
    return {name: owner[id(p)] for name, p in network.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("name", NAMES)
def test_every_trained_parameter_is_in_one_group(name):
    network = build_backbone(name)
    groups = layer_decay_groups(network, peak_lr=1, weight_decay=0.05, layer_decay=0.75)
    listed = [id(p) for group in groups for p in group["params"]]
    trained = [id(p) for p in network.parameters() if p.requires_grad]
    assert sorted(listed) == sorted(trained)
    torch.optim.AdamW(groups)


def test_rates_of_a_vit_are_those_of_the_published_fine_tuning():
    network = build_backbone("vit_micro_patch8_64.mae_mean")  # six blocks
    groups = layer_decay_groups(network, peak_lr=1e-3, weight_decay=0.05, layer_decay=0.65)
    group = by_name(network, groups)
    rate = {name: entry["lr"] / 1e-3 for name, entry in group.items()}
    # Layer 0 is the patches, 1 to 6 the blocks, 7 the norm with the head: 0.65^(7 - layer).
    assert rate["patch_embed.proj.weight"] == pytest.approx(0.65**7)
    assert rate["pos_embed"] == pytest.approx(0.65**7)
    assert rate["blocks.0.mlp.fc1.weight"] == pytest.approx(0.65**6)
    assert rate["blocks.5.mlp.fc1.weight"] == pytest.approx(0.65)
    assert rate["fc_norm.weight"] == pytest.approx(1)


def test_norms_biases_and_tokens_have_no_weight_decay():
    network = build_backbone("vit_micro_patch8_64.mae_mean")
    groups = layer_decay_groups(network, peak_lr=1, weight_decay=0.05, layer_decay=0.65)
    decay = {
        name: entry["weight_decay"] for name, entry in by_name(network, groups).items()
    }
    exempt = {name for name, value in decay.items() if value == 0}
    assert {"cls_token", "pos_embed", "fc_norm.weight", "blocks.0.attn.qkv.bias"} <= exempt
    assert all(not name.endswith("weight") or "norm" in name for name in exempt)
    assert decay["blocks.0.attn.qkv.weight"] == 0.05


def test_without_decay_per_layer_all_learn_alike():
    network = build_backbone("iresnet_micro_64.arcface")
    groups = layer_decay_groups(network, peak_lr=2, weight_decay=0, layer_decay=1)
    assert {group["lr"] for group in groups} == {2}


def test_what_is_not_trained_is_left_out():
    network = build_backbone("iresnet_micro_64.arcface")
    with_all, exempt = weight_decay_groups(network, 0.1)
    listed = {id(p) for group in (with_all, exempt) for p in group["params"]}
    assert id(network.features.weight) not in listed
    assert id(network.features.bias) in listed
    assert all(p.ndim > 1 for p in with_all["params"])


@pytest.mark.parametrize("layer_decay", [0.0, 1.5, -0.1])
def test_a_factor_outside_its_range_is_refused(layer_decay):
    with pytest.raises(ValueError, match=r"layer decay: must be in \(0, 1\], got"):
        layer_decay_groups(
            build_backbone(NAMES[0]), peak_lr=1, weight_decay=0, layer_decay=layer_decay
        )
