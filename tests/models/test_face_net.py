import copy

import pytest
import torch

from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.models.backbones.iresnet import IResNet, IResNetConfig
from wildaffect.models.backbones.vit import MeanTokenViT, ViTConfig
from wildaffect.models.face_net import FaceNet, recompute_stages
from wildaffect.models.frameworks import HeadConfig

CONV = IResNetConfig(units=(2, 1, 1, 1), width=4, size_px=16, feature_dim=8)
VIT = ViTConfig(size_px=16, patch_px=4, dim=16, depth=3, num_heads=2)


def build(kind="conv"):
    torch.manual_seed(0)
    backbone = IResNet(CONV) if kind == "conv" else MeanTokenViT(VIT)
    head = HeadConfig(hidden_dims=(), dropout=0)
    return FaceNet(backbone, head, ABAW_TASKS, LabelSpaces())


@pytest.fixture
def crops():
    return torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_each_crop_is_a_window_of_one_row(crops):
    shapes = {task: tuple(raw.shape) for task, raw in build()(crops).items()}
    assert shapes == {
        Task.VALENCE: (4, 1),
        Task.AROUSAL: (4, 1),
        Task.EXPRESSION: (4, 1, 8),
        Task.ACTION_UNITS: (4, 1, 12),
    }


def test_only_the_tasks_that_were_named_are_predicted(crops):
    net = FaceNet(IResNet(CONV), HeadConfig(), (Task.EXPRESSION,), LabelSpaces())
    assert list(net(crops)) == [Task.EXPRESSION]
    assert net.tasks == (Task.EXPRESSION,)


def test_frozen_stages_keep_weights_and_statistics(crops):
    net = build()
    net.freeze(2)
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1.0)
    net.train()
    sum(raw.square().mean() for raw in net(crops).values()).backward()
    optimizer.step()
    changed = {
        key for key, value in net.state_dict().items() if not value.equal(before[key])
    }
    frozen = ("backbone.conv1", "backbone.bn1", "backbone.prelu", "backbone.layer1.0.")
    assert not [key for key in changed if key.startswith(frozen)]
    assert "backbone.layer1.1.conv1.weight" in changed
    assert "backbone.layer1.1.bn1.running_mean" in changed


def test_more_stages_than_there_are_cannot_be_frozen():
    with pytest.raises(ValueError, match="frozen stages: must be 0 to 7, got 8"):
        build().freeze(8)


@pytest.mark.parametrize("kind", ["conv", "vit"])
def test_recomputing_changes_neither_gradients_nor_statistics(kind, crops):
    plain, thrifty = build(kind), build(kind)
    recompute_stages(thrifty.backbone)
    for net in (plain, thrifty):
        net.train()
        sum(raw.square().mean() for raw in net(crops).values()).backward()
    for parameter, other in zip(plain.parameters(), thrifty.parameters(), strict=True):
        torch.testing.assert_close(other.grad, parameter.grad)
    for key, value in plain.state_dict().items():
        if "num_batches" not in key:
            torch.testing.assert_close(thrifty.state_dict()[key], value)


def test_recomputing_keeps_less_for_the_backward_pass(crops):
    kept = []
    for wanted in (False, True):
        net = build("vit").train()
        if wanted:
            recompute_stages(net.backbone)
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, sizes=sizes: sizes.append(tensor.numel()) or tensor, lambda t: t
        ):
            net(crops)
        kept.append(sum(sizes))
    assert kept[1] < 0.6 * kept[0]
