import pytest
import torch
from torch.nn.functional import softplus

from wildaffect.core.errors import UsageError
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.losses.config import CCC, MSE, AllThresholds, Huber
from wildaffect.losses.scales import ScaleTaskLoss

SPACE = ScaleSpace(
    name="two",
    scales=(
        Scale(label="AU06_intensity", low=0, high=5),
        Scale(label="smile_intensity", low=0, high=2),
    ),
)
LOSSES = (CCC(), CCC(mse_weight=1.0), MSE(), Huber(), AllThresholds())


def positions(levels):
    """Return levels as positions on the scales, shape (1, T, 2)."""
    return torch.tensor([levels]) / torch.tensor([2.5, 1.0]) - 1


@pytest.mark.parametrize("config", LOSSES, ids=lambda config: repr(config)[:20])
def test_nearer_predictions_cost_less_and_masked_ones_nothing(config):
    loss = ScaleTaskLoss(config, SPACE)
    target = positions([[0.0, 0.0], [3.0, 1.0], [5.0, 2.0], [1.0, 2.0]])
    valid = torch.ones_like(target, dtype=torch.bool)
    near, far = target * 0.9, target * 0.3
    assert loss(near, target, valid) < loss(far, target, valid)
    valid[0, 3] = False
    wild = near.clone()
    wild[0, 3] = float("nan")
    torch.testing.assert_close(loss(wild, target, valid), loss(near, target, valid))
    assert loss(wild, target, torch.zeros_like(valid)) == 0


def test_a_scale_without_labels_does_not_lower_the_concordance_loss():
    loss = ScaleTaskLoss(CCC(), SPACE)
    target = positions([[0.0, 0.0], [3.0, 1.0], [5.0, 2.0]])
    valid = torch.ones_like(target, dtype=torch.bool)
    valid[..., 1] = False
    both = ScaleTaskLoss(CCC(), SPACE)(
        0.5 * target[..., [0, 0]], target[..., [0, 0]], valid
    )
    torch.testing.assert_close(loss(0.5 * target, target, valid), both)
    assert both > 0.05


def test_huber_is_quadratic_near_and_linear_far():
    # Huber 1964: d^2 / 2 up to delta, then delta (|d| - delta / 2).
    loss = ScaleTaskLoss(Huber(delta=0.2), SPACE)
    target = torch.zeros(1, 1, 2)
    pred = torch.tensor([[[0.1, 1.0]]])
    expected = (0.1**2 / 2 + 0.2 * (1.0 - 0.1)) / 2
    found = loss(pred, target, torch.ones_like(target, dtype=torch.bool))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_all_thresholds_sums_over_the_steps_that_a_scale_has():
    # By hand: level 1.2 predicted. Five steps of the first scale, true level 3: above 0.5,
    # 1.5 and 2.5, below 3.5 and 4.5. Two of the second, true level 2: above 0.5 and 1.5.
    loss = ScaleTaskLoss(AllThresholds(), SPACE)
    pred, target = positions([[1.2, 1.2]]), positions([[3.0, 2.0]])
    above, below = torch.tensor([0.5, 1.5, 2.5]), torch.tensor([3.5, 4.5])
    first = softplus(-(1.2 - above)).sum() + softplus(1.2 - below).sum()
    second = softplus(-(1.2 - above[:2])).sum()
    found = loss(pred, target, torch.ones_like(target, dtype=torch.bool))
    torch.testing.assert_close(found, (first + second) / 2)


@pytest.mark.parametrize("high", [0.4, 2.5, 1000])
def test_all_thresholds_needs_whole_levels_and_not_too_many(high):
    space = ScaleSpace(name="one", scales=(Scale(label="pain", low=0, high=high),))
    with pytest.raises(UsageError, match="pain must go from one whole number to another"):
        ScaleTaskLoss(AllThresholds(), space)
    ScaleTaskLoss(Huber(), space)
