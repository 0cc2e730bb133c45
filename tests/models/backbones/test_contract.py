"""What every registered backbone promises."""

import io

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from wildaffect.faces.crop import align_face, normalize
from wildaffect.models.backbones.backbone import ClipBackbone
from wildaffect.models.backbones.registry import (
    backbone_names,
    backbone_spec,
    build_backbone,
    empty_backbone,
)
from wildaffect.runtime.network import Device, Network

SMALL = (
    "vit_micro_patch8_64.mae",
    "vit_micro_patch8_64.mae_mean",
    "videomae_micro_patch8_64.mae",
    "videomae_micro_patch8_64.mae_mean",
    "iresnet_micro_64.arcface",
    "densenet_bc_64.gray",
    "densenet_micro_64.gray",
)
TIMM = "timm/test_resnet.r160_in1k"
NETWORKS = [*SMALL, TIMM] + [
    pytest.param(name, marks=pytest.mark.slow)
    for name in backbone_names()
    if name not in SMALL and not name.startswith(("vit_large", "videomae_", "iresnet100"))
]


@pytest.fixture(scope="module", params=NETWORKS)
def built(request):
    """Name and network, built once for all tests of this file that take it."""
    return request.param, build_backbone(request.param)


def crops_of(name: str, num: int, seed: int = 0) -> torch.Tensor:
    crop, clips = backbone_spec(name).preprocess, backbone_spec(name).clips
    frames = (clips.num_frames,) if clips else ()
    shape = (num, *frames, len(crop.mean), crop.size_px, crop.size_px)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", [*backbone_names(), TIMM])
def test_a_spec_describes_its_network(name):
    spec, network = backbone_spec(name), empty_backbone(name)
    assert spec.name == name
    assert spec.feature_dim == network.feature_dim
    assert spec.preprocess.size_px == network.size_px
    assert len(spec.preprocess.mean) == network.channels
    assert isinstance(network, ClipBackbone) == (spec.clips is not None)
    if spec.clips is not None:
        assert spec.clips.num_frames == network.num_frames


@pytest.mark.parametrize("name", [*backbone_names(), TIMM])
def test_each_parameter_belongs_to_one_stage(name):
    network = empty_backbone(name)
    for key, _ in network.named_parameters():
        owners = [
            index
            for index, beginnings in enumerate(network.stages())
            if any(key == b or key.startswith(f"{b}.") for b in beginnings)
        ]
        assert len(owners) == 1, (key, owners)


def test_features_have_the_promised_shape_and_every_parameter_a_gradient(built):
    name, network = built
    features = network.train()(crops_of(name, 2))
    assert features.shape == (2, backbone_spec(name).feature_dim)
    (features * torch.randn(features.shape)).sum().backward()
    without = [
        key for key, p in network.named_parameters() if p.requires_grad and p.grad is None
    ]
    assert without == []
    network.zero_grad()


def test_a_crop_alone_gives_what_it_gives_in_a_batch(built):
    network, crops = built[1].eval(), crops_of(built[0], 3)
    with torch.no_grad():
        batch, alone = network(crops), network(crops[1:2])
    spread = batch.abs().max().item()
    torch.testing.assert_close(batch[1:2], alone, rtol=0, atol=1e-5 * spread)
    assert (batch[0] - batch[1]).abs().max() > 1e-3 * spread


def test_weights_survive_saving_and_loading(built):
    name, network = built
    network, other = network.eval(), build_backbone(name).eval()
    crops = crops_of(name, 1)
    other.load_state_dict(load(save(network.state_dict())))
    with torch.no_grad():
        assert torch.equal(network(crops), other(crops))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, TIMM])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_runtime_gives_what_torch_gives_for_any_batch(name):
    network = build_backbone(name).eval()
    crops = crops_of(name, 3)
    program = torch.onnx.export(
        network,
        (crops[:2],),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    file = io.BytesIO(program.model_proto.SerializeToString())
    (features,) = Network(file.getvalue(), device=Device())(crops.numpy())
    with torch.no_grad():
        expected = network(crops)
    spread = expected.abs().max().item()
    np.testing.assert_allclose(features, expected.numpy(), rtol=0, atol=1e-4 * spread)


@pytest.mark.parametrize("name", SMALL)
def test_a_crop_of_the_spec_is_what_the_network_reads(name):
    preprocess = backbone_spec(name).preprocess
    frame = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    points = np.array([[70, 80], [130, 80], [100, 110], [80, 140], [120, 140]], np.float32)
    crop = align_face(frame, points, preprocess)
    clips = backbone_spec(name).clips
    pixels = normalize(crop[None], preprocess)
    if clips:
        pixels = np.repeat(pixels[:, None], clips.num_frames, axis=1)
    features = build_backbone(name).eval()(torch.as_tensor(pixels))
    assert features.isfinite().all()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("iresnet_micro_64.arcface", (2, 1, 64, 64), id="gray for color"),
        pytest.param("densenet_bc_64.gray", (2, 3, 64, 64), id="color for gray"),
        pytest.param("vit_micro_patch8_64.mae", (2, 3, 56, 56), id="size"),
        pytest.param("vit_micro_patch8_64.mae_mean", (3, 64, 64), id="no batch"),
        pytest.param(TIMM, (2, 3, 64, 64), id="timm"),
    ],
)
def test_crops_of_another_shape_are_refused_by_name(name, shape):
    with pytest.raises(ValueError, match=r"crops must have shape \(B, .*Preprocess"):
        build_backbone(name)(torch.zeros(shape))
