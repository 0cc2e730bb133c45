"""Outputs and names are those of the reference implementations."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

from wildaffect.models.backbones.densenet import DenseNetConfig, imagenet_densenet
from wildaffect.models.backbones.registry import build_backbone, empty_backbone
from wildaffect.models.backbones.vit import (
    ClassTokenViT,
    MeanTokenViT,
    ViTConfig,
    sincos_positions,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "backbones"
SMALL_VIT = ViTConfig(size_px=48, patch_px=16, dim=64, depth=3, num_heads=4)


def random_state(module: torch.nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return a state in which no tensor is at its initial value."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for key, value in module.state_dict().items():
        noise = torch.rand(value.shape, generator=generator)
        if key.endswith("running_var"):
            state[key] = 0.5 + noise
        elif not value.is_floating_point():
            state[key] = value
        else:
            width = value[0].numel() if value.dim() > 1 else 4
            center = 1 if value.dim() == 1 and key.endswith("weight") else 0
            state[key] = (noise - 0.5) * 3 / width**0.5 + center
    return state


def small_timm_vit(timm: ModuleType, pool: str) -> torch.nn.Module:
    return timm.models.VisionTransformer(
        img_size=SMALL_VIT.size_px,
        patch_size=SMALL_VIT.patch_px,
        embed_dim=SMALL_VIT.dim,
        depth=SMALL_VIT.depth,
        num_heads=SMALL_VIT.num_heads,
        global_pool=pool,
        num_classes=0,
    ).eval()


@pytest.mark.parametrize(
    ("ours", "pool"),
    [
        pytest.param(ClassTokenViT, "token", id="class token"),
        pytest.param(MeanTokenViT, "avg", id="mean of patches"),
    ],
)
def test_a_vit_gives_what_timms_gives_with_the_same_weights(timm, ours, pool):
    theirs = small_timm_vit(timm, pool)
    theirs.load_state_dict(random_state(theirs))
    network = ours(SMALL_VIT).eval()
    network.load_state_dict(theirs.state_dict())
    crops = torch.randn(3, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(crops)
        torch.testing.assert_close(network(crops), expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 0.1


@pytest.mark.parametrize("size", ["tiny", "small", "base", "large"])
@pytest.mark.parametrize(("tag", "pool"), [("mae", "token"), ("mae_mean", "avg")])
def test_every_vit_has_the_keys_and_shapes_of_timms(timm, size, tag, pool):
    with torch.device("meta"):
        theirs = timm.create_model(
            f"vit_{size}_patch16_224", num_classes=0, global_pool=pool
        )
    ours = empty_backbone(f"vit_{size}_patch16_224.{tag}").state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
    }


def test_positions_count_columns_first_as_the_published_ones_do():
    positions = sincos_positions(8, 3)
    assert positions.shape == (1, 10, 8)
    assert positions[0, 0].tolist() == [0] * 8  # class token
    second_column, second_row = positions[0, 2], positions[0, 4]
    sin, cos = torch.tensor([1.0, 0.01]).sin(), torch.tensor([1.0, 0.01]).cos()
    torch.testing.assert_close(second_column[:4], torch.cat([sin, cos]))
    assert second_column[4:].tolist() == [0, 0, 1, 1]
    assert second_row[:4].tolist() == [0, 0, 1, 1]
    torch.testing.assert_close(second_row[4:], torch.cat([sin, cos]))


@pytest.mark.parametrize("size", [121, 161, 169, 201])
def test_every_densenet_has_the_keys_and_shapes_of_torchvisions(torchvision, size):
    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"densenet{size}")().state_dict()
    ours = empty_backbone(f"densenet{size}.imagenet").state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in theirs.items() if not k.startswith("classifier.")
    }


def test_a_densenet_gives_what_torchvisions_gives_with_the_same_weights(torchvision):
    config = DenseNetConfig(layers=(2, 3, 2, 2), growth=8, initial_channels=16, size_px=64)
    theirs = torchvision.models.DenseNet(
        growth_rate=8, block_config=(2, 3, 2, 2), num_init_features=16
    ).eval()
    theirs.load_state_dict(random_state(theirs))
    theirs.classifier = torch.nn.Identity()
    ours = imagenet_densenet(config).eval()
    ours.load_state_dict(theirs.state_dict())
    crops = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(crops)
        torch.testing.assert_close(ours(crops), expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 0.1


@pytest.mark.slow
def test_densenet121_gives_what_torchvisions_gives_with_the_same_weights(torchvision):
    theirs = torchvision.models.densenet121().eval()
    theirs.classifier = torch.nn.Identity()
    ours = build_backbone("densenet121.imagenet").eval()
    ours.load_state_dict(theirs.state_dict())
    crops = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(crops), theirs(crops), rtol=1e-5, atol=1e-5)


@pytest.mark.golden
def test_an_iresnet_gives_what_its_published_definition_gives(formula, fill):
    golden = json.loads((GOLDEN / "iresnet18.json").read_text("utf-8"))
    assert "1801.07698" in golden["origin"]
    network = fill(build_backbone("iresnet18.arcface"))
    assert sum(p.numel() for p in network.parameters()) == golden["num_parameters"]
    crops = torch.as_tensor(formula["formula_crops"](2, 3, 112))
    expected = torch.tensor(golden["features"], dtype=torch.float64)
    spread = expected.std().item()
    assert (expected[0] - expected[1]).abs().mean() > 0.1 * spread
    with torch.no_grad():
        single = network(crops)
        double = network.double()(crops.double())
    torch.testing.assert_close(single.double(), expected, rtol=0, atol=1e-5 * spread)
    torch.testing.assert_close(double, expected, rtol=0, atol=1e-6)


def test_the_gray_densenet_is_torchvisions_with_another_stem(torchvision):
    theirs = torchvision.models.DenseNet(12, (16, 16, 16), 24).eval()
    theirs.features.conv0 = torch.nn.Conv2d(1, 24, 3, stride=2, padding=1, bias=False)
    for layer in ("norm0", "relu0", "pool0"):
        setattr(theirs.features, layer, torch.nn.Identity())
    theirs.load_state_dict(random_state(theirs))
    theirs.classifier = torch.nn.Identity()
    ours = build_backbone("densenet_bc_64.gray").eval()
    ours.load_state_dict(
        {key.replace("norm5", "norm3"): value for key, value in theirs.state_dict().items()}
    )
    crops = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(crops)
        spread = expected.std().item()
        torch.testing.assert_close(ours(crops), expected, rtol=0, atol=1e-5 * spread)
    assert (expected[0] - expected[1]).abs().max() > 0.01 * spread


def test_the_gray_densenet_has_the_names_of_the_published_features():
    network = empty_backbone("densenet_bc_64.gray")
    state = network.state_dict()
    assert network.feature_dim == 342
    assert state["features.conv0.weight"].shape == (24, 1, 3, 3)
    assert state["features.denseblock3.denselayer16.conv1.weight"].shape == (48, 330, 1, 1)
    assert state["features.transition1.conv.weight"].shape == (108, 216, 1, 1)
    assert state["features.norm3.weight"].shape == (342,)


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("vit_large_patch16_224.mae", 303.30),
        ("vit_base_patch16_224.mae", 85.80),
        ("iresnet100.arcface", 65.16),
        ("iresnet50.arcface", 43.59),
        ("densenet121.imagenet", 6.95),
        ("densenet_bc_64.gray", 0.77),
    ],
)
def test_a_network_has_its_known_number_of_parameters(name, millions):
    count = sum(p.numel() for p in empty_backbone(name).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.005)
