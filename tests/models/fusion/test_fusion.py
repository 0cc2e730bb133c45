"""What every fusion promises: absent sets do not count, rows do not see one another."""

import math

import pytest
import torch
from torch import nn

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import HeadConfig, ModelConfig
from wildaffect.models.fusion.build import FUSIONS, build_fusion
from wildaffect.models.fusion.config import (
    Concatenation,
    CrossAttention,
    CustomFusion,
    Gated,
)
from wildaffect.models.fusion.fusion import Fusion, views
from wildaffect.models.temporal.config import GRUConfig

WIDTHS = (3, 2, 4)
CONFIGS = {
    "concatenation": Concatenation(),
    "gated": Gated(hidden_dim=8),
    "cross_attention": CrossAttention(hidden_dim=8, num_heads=2),
}


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def config(request):
    return request.param


@pytest.fixture
def fusion(config) -> Fusion:
    torch.manual_seed(0)
    return build_fusion(config, WIDTHS).eval()


@pytest.fixture
def features():
    rows = torch.randn(2, 5, sum(WIDTHS), generator=torch.Generator().manual_seed(1))
    rows[0, 1, :3] = torch.nan  # the first set
    rows[0, 2, 3:] = torch.nan  # all but the first
    return rows


def test_rows_are_finite_of_the_stated_width_and_differ_where_a_set_is_absent(
    fusion, features
):
    fused = fusion(features)
    assert fused.shape == (2, 5, fusion.output_dim)
    assert fused.isfinite().all()
    zeros = fusion(features.nan_to_num(0.0))
    same = (fused == zeros).all(-1)
    assert same.sum() == 8
    assert not same[0, 1]
    assert not same[0, 2]


def test_each_row_is_fused_by_itself(fusion, features):
    alone = torch.stack([fusion(features[:, row : row + 1])[:, 0] for row in range(5)], 1)
    torch.testing.assert_close(fusion(features), alone)


def test_a_model_of_one_set_and_one_with_the_others_absent_agree_in_what_they_see(fusion):
    """Values of an absent set have no way to the fused row, whatever they were."""
    one = torch.randn(1, 1, sum(WIDTHS))
    other = one.clone()
    other[..., 3:] = 99.0
    for rows in (one, other):
        rows[..., 3:] = torch.nan
    torch.testing.assert_close(fusion(one), fusion(other))


def test_dropout_drops_whole_windows_of_a_set_but_never_the_last_one():
    torch.manual_seed(3)
    fusion = build_fusion(Concatenation(set_dropout=0.5), WIDTHS)
    features = torch.ones(400, 2, sum(WIDTHS))
    features[:, 1, 5:] = torch.nan
    flags = fusion(features)[..., -3:]
    kept = flags[:, 0].mean(0)
    # one half, and the share 1 / 8 of windows whose sets would all be dropped
    torch.testing.assert_close(kept, torch.full((3,), 0.625), atol=0.06, rtol=0)
    assert (flags.sum(-1) > 0).all()
    assert not flags[:, 1, 2].any()
    changed = flags[:, 0, :2] != flags[:, 1, :2]  # only where the row has no set left
    assert (flags[:, 1, :2].all(-1) | ~changed.any(-1)).all()
    assert (fusion.eval()(features)[:, 0, -3:] == 1).all()


def test_training_sees_all_sets_and_each_alone_but_no_row_without_any(features):
    every = views(features, WIDTHS, len(WIDTHS))
    seen = [~view[0, :3, [0, 3, 5]].isnan() for view in every]
    expected = torch.eye(3, dtype=torch.bool)[:, None].repeat(1, 3, 1)
    expected[0, 1] = torch.tensor([False, True, True])  # has no first set
    expected[1:, 2] = torch.tensor([True, False, False])  # has the first set alone
    torch.testing.assert_close(torch.stack(seen[1:]), expected)
    torch.testing.assert_close(every[0], features, equal_nan=True)
    torch.testing.assert_close(every[2][1, :, 3:5], features[1, :, 3:5])


def test_beside_others_a_gated_set_is_nearly_closed_until_training_opens_it():
    torch.manual_seed(0)
    fusion = build_fusion(Gated(hidden_dim=8), (3, 2)).eval()
    both, face, voice = views(torch.randn(1, 4, 5), (3, 2), 2)
    share = 1 / (1 + math.exp(2))  # the sigmoid of 10 times -0.2
    expected = share * (fusion(face) + fusion(voice))
    torch.testing.assert_close(fusion(both), expected)
    with torch.no_grad():
        fusion.admission.copy_(torch.tensor([9.0, -9.0]))
    torch.testing.assert_close(fusion(both), fusion(face))


def test_an_exported_model_gives_the_same_with_and_without_a_set(config):
    model_config = ModelConfig(
        encoder=GRUConfig(hidden_dim=6, num_layers=1),
        head=HeadConfig(hidden_dims=()),
        fusion=config,
        tasks=(Task.VALENCE, Task.EXPRESSION),
    )
    model = build_model(model_config, sum(WIDTHS), set_widths=WIDTHS).eval()
    onnx = to_onnx(model)
    assert max(check_parity(model, onnx).values()) < 1e-4
    assert max(check_parity(model, onnx, absent=(1,)).values()) < 1e-4


def test_one_set_or_impossible_settings_are_refused():
    with pytest.raises(UsageError, match="at least two feature sets, got one"):
        build_fusion(Gated(), (5,))
    with pytest.raises(ValueError, match=r"set_dropout must be in \[0, 1\)"):
        Concatenation(set_dropout=1.0)
    with pytest.raises(ValueError, match="multiple of num_heads, got 10 and 4"):
        CrossAttention(hidden_dim=10)


class Sum(Fusion):
    """A sum of a layer per set, wrong in the way that `fault` names."""

    def __init__(self, widths, *, width=4, fault=""):
        super().__init__(widths, width)
        self.layers = nn.ModuleList(nn.Linear(each, width) for each in widths)
        self.fault = fault

    def fuse(self, parts, present):
        fused = sum(layer(part) for layer, part in zip(self.layers, parts, strict=True))
        if self.fault == "absent":
            fused = fused / present.all(-1, keepdim=True)
        return fused[..., 1:] if self.fault == "short" else fused


@pytest.fixture(scope="module", autouse=True)
def registered():
    FUSIONS.register("test-sum", Sum)
    FUSIONS.register("test-module", lambda widths: nn.Linear(sum(widths), 4))


def test_a_fusion_of_other_code_is_built_by_name_with_its_settings():
    config = CustomFusion(name="test-sum", settings={"width": 6}, set_dropout=0.2)
    fusion = build_fusion(config, WIDTHS)
    assert fusion.output_dim == 6
    assert fusion.training
    assert fusion.set_dropout == 0.2


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("test-sum", {"fault": "short"}, r"shape \(1, 3, 4\), got \(1, 3, 3\)"),
        ("test-sum", {"fault": "absent"}, "got .* with 4 not finite"),
        ("test-sum", {"widht": 3}, "unexpected keyword argument 'widht'"),
        ("test-module", {}, "must derive from wildaffect.models.fusion.fusion.Fusion"),
        ("test-sun", {}, "no fusion 'test-sun'; did you mean test-sum"),
    ],
)
def test_a_fusion_of_other_code_that_breaks_the_contract_is_refused(
    name, settings, message
):
    with pytest.raises(UsageError, match=message):
        build_fusion(CustomFusion(name=name, settings=settings), WIDTHS)


@pytest.mark.parametrize(
    ("fusion", "expected"),
    [
        (Gated(), [False, True]),  # sees the first set alone, so it can do without others
        (Gated(alone="each"), [True, True]),
        (Gated(alone="none"), [False, False]),
        (Concatenation(), [True, True]),
    ],
)
def test_a_model_can_do_without_what_training_left_out(fusion, expected):
    assert [fusion.learns_without(place) for place in (0, 1)] == expected
