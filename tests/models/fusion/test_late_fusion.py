"""Late fusion: what the model of one set is, learns and is left with."""

import math
from itertools import chain

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import HeadConfig, ModelConfig
from wildaffect.models.fusion.config import Late
from wildaffect.models.fusion.fusion import views
from wildaffect.models.late_fusion import LateFusionModel, WeightedMean
from wildaffect.models.temporal.config import GRUConfig

WIDTHS = (3, 2, 4)
CONFIG = ModelConfig(
    encoder=GRUConfig(hidden_dim=6, num_layers=1, dropout=0.0),
    head=HeadConfig(hidden_dims=(4,), dropout=0.0),
    fusion=Late(),
    tasks=(Task.VALENCE, Task.EXPRESSION),
)


@pytest.fixture
def model() -> LateFusionModel:
    torch.manual_seed(0)
    model = build_model(CONFIG, sum(WIDTHS), set_widths=WIDTHS)
    model.standardize(torch.arange(9.0), torch.arange(9.0) + 1)
    return model.eval()


@pytest.fixture
def window():
    rows = torch.randn(2, 5, sum(WIDTHS), generator=torch.Generator().manual_seed(1))
    return rows, torch.tensor([5, 4]), torch.arange(5.0).repeat(2, 1) / 10


def test_a_set_alone_has_the_outputs_of_its_own_model(model, window):
    features, *rest = window
    for place, alone in enumerate(views(features, WIDTHS, 3)[1:]):
        part = features.split(WIDTHS, -1)[place]
        expected = model.of_sets[place](part, *rest)
        left = model.without([set_ == place for set_ in range(3)])
        for task, values in model(alone, *rest).items():
            torch.testing.assert_close(values, expected[task])
            torch.testing.assert_close(left(part, *rest)[task], expected[task])


def test_what_is_left_of_three_sets_is_what_two_of_them_give(model, window):
    torch.manual_seed(2)
    for weights in model.means.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    features, *rest = window
    features[..., 3:5] = torch.nan
    left = model.without([True, False, True])
    kept = features[..., [0, 1, 2, 5, 6, 7, 8]]
    assert left.input_dim == 7
    for task, values in model(features, *rest).items():
        torch.testing.assert_close(left(kept, *rest)[task], values)
    torch.testing.assert_close(left.feature_mean, torch.tensor([0, 1, 2, 5, 6, 7, 8.0]))


def test_several_sets_train_their_weights_and_one_set_its_model(model, window):
    """Every weight gets a gradient, if only of 0: several processes wait for each."""
    features, *rest = window
    model.train()
    every, first = views(features, WIDTHS, 1)
    for view, expected in ((every, "means"), (first, "models.0")):
        model.zero_grad()
        sum(values.square().sum() for values in model(view, *rest).values()).backward()
        learns = {
            name.removesuffix(".logits").removesuffix(".scale").removesuffix(".shift")
            for name, weight in model.named_parameters()
            if weight.grad.abs().sum() > 0
        }
        assert learns
        assert all(name.startswith(expected) for name in learns)


def test_inference_and_training_give_the_same(model, window):
    with torch.no_grad():
        expected = model(*window)
    model.train()
    for task, values in model(*window).items():
        torch.testing.assert_close(values.detach(), expected[task])


def test_the_mean_counts_present_sets_alone_and_starts_with_equal_weights():
    mean = WeightedMean(num_sets=3, num_outputs=2)
    outputs = torch.tensor([[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]])[None, None]
    present = torch.tensor([True, True, False])[None, None, :, None]
    torch.testing.assert_close(mean(outputs, present)[0, 0], torch.tensor([2.0, 4.0]))
    with torch.no_grad():
        mean.logits[0] = 2.0  # ten times that in the softmax
    found = mean(outputs, torch.ones_like(present))[0, 0]
    torch.testing.assert_close(found, torch.tensor([1.0, 2.0]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(0.15, 1.0), (1 / 3, 1 + 4 * 0.3 / (0.8 + 0.3)), (0.5, 3.0)],
)
def test_after_training_weights_shrink_by_a_fifth_of_the_largest(weight, expected):
    mean = WeightedMean(num_sets=2, num_outputs=1)
    with torch.no_grad():
        mean.logits[1] = math.log(weight / (1 - weight)) / 10
    outputs = torch.tensor([1.0, 5.0])[None, None, :, None]
    present = torch.ones_like(outputs, dtype=torch.bool)
    trained = mean(outputs, present)
    torch.testing.assert_close(trained, torch.full((1, 1, 1), 1 + 4 * weight))
    used = mean.eval()(outputs, present)
    torch.testing.assert_close(used, torch.full((1, 1, 1), expected))


def test_the_exported_network_agrees_with_all_sets_and_without_some(model):
    onnx = to_onnx(model)
    worst = [check_parity(model, onnx, absent=absent) for absent in ((), (1,), (0, 2))]
    assert max(chain.from_iterable(each.values() for each in worst)) < 1e-4


def test_a_row_without_any_set_is_finite(model, window):
    features, *rest = window
    features[0, 2] = torch.nan
    assert all(values.isfinite().all() for values in model(features, *rest).values())


def test_one_set_is_refused():
    with pytest.raises(UsageError, match=r"fusion late: .* at least two feature sets"):
        build_model(CONFIG, 5)
