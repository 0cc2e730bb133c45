"""Losses of single tasks against the metrics, torch, and formulas written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from wildaffect.core.tasks import Task
from wildaffect.losses.action_units import ActionUnitLoss
from wildaffect.losses.affect import AffectTaskLoss, ccc_loss, mse_loss
from wildaffect.losses.config import (
    CCC,
    MSE,
    Asymmetric,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
)
from wildaffect.losses.expression import ExpressionLoss
from wildaffect.losses.statistics import (
    LabelStatistics,
    class_priors,
    class_weights,
    positive_weights,
)
from wildaffect.metrics.agreement import concordance_correlation, mean_squared_error

Make = Callable[..., Any]


def one(case: Any, task: Task) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return case.outputs[task], case.targets[task], case.valid[task]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_ccc_and_mse_are_those_of_the_metrics(
    make_case: Make, seed: int, offset: float
) -> None:
    pred, target, valid = one(make_case(seed=seed), Task.VALENCE)
    pred = pred.detach() + offset
    series = {
        "target": target.flatten().numpy(),
        "pred": pred.flatten().numpy(),
        "valid": valid.flatten().numpy(),
    }
    expected = concordance_correlation(**series)
    assert ccc_loss(pred, target, valid).item() == pytest.approx(1 - expected, abs=1e-5)
    expected = mean_squared_error(**series)
    assert mse_loss(pred, target, valid).item() == pytest.approx(expected, rel=1e-5)


def test_ccc_of_agreement_is_no_loss_and_of_opposites_two() -> None:
    target = torch.linspace(-1, 1, 9)[None]
    valid = torch.ones_like(target, dtype=torch.bool)
    assert ccc_loss(target, target, valid).item() == pytest.approx(0.0, abs=1e-6)
    assert ccc_loss(-target, target, valid).item() == pytest.approx(2.0, abs=1e-6)


def test_ccc_of_one_entry_is_no_loss_and_of_a_constant_target_one() -> None:
    pred = torch.randn(1, 6, requires_grad=True)
    only_one = torch.tensor([[True, *[False] * 5]])
    loss = ccc_loss(pred, torch.zeros(1, 6), only_one)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(pred.grad, torch.zeros(1, 6))
    loss = ccc_loss(pred, torch.full((1, 6), 0.4), torch.ones(1, 6, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 1.0
    assert pred.grad.isfinite().all()


def test_some_mse_pulls_where_the_batch_holds_one_value(make_case: Make) -> None:
    pred, _, valid = one(make_case(), Task.VALENCE)
    constant = torch.full_like(pred, 0.4)
    loss = AffectTaskLoss(CCC(mse_weight=0.5))(pred, constant, valid)
    expected = 1.0 + 0.5 * (pred - 0.4)[valid].square().mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    loss.backward()
    assert (pred.grad[valid] != 0).all()


def test_cross_entropy_is_that_of_torch_over_annotated_rows(make_case: Make) -> None:
    logits, target, valid = one(make_case(), Task.EXPRESSION)
    loss = ExpressionLoss(CrossEntropy(label_smoothing=0.1), 8, None)
    expected = functional.cross_entropy(logits[valid], target[valid], label_smoothing=0.1)
    assert loss(logits, target, valid).item() == pytest.approx(expected.item(), rel=1e-5)


def test_logit_adjustment_is_the_published_formula(
    make_case: Make, statistics: LabelStatistics
) -> None:
    logits, target, valid = one(make_case(), Task.EXPRESSION)
    loss = ExpressionLoss(CrossEntropy(logit_adjustment=1.5), 8, statistics)
    scores = logits.detach().numpy() + 1.5 * np.log(class_priors(statistics))
    chosen = np.take_along_axis(scores, target.numpy()[..., None], -1)[..., 0]
    rows = np.log(np.exp(scores).sum(-1)) - chosen
    expected = rows[valid.numpy()].mean()
    assert loss(logits, target, valid).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rarity", ["equal", "inverse_sqrt", "inverse"])
def test_class_weights_grow_with_rarity_and_average_one_over_the_training_set(
    statistics: LabelStatistics, rarity: Any
) -> None:
    weights = class_weights(statistics, rarity)
    assert (weights * class_priors(statistics)).sum() == pytest.approx(1.0)
    assert np.isfinite(weights).all()
    assert (weights[2] > weights[0]) == (rarity != "equal")
    if rarity == "inverse":
        assert weights[1] / weights[0] == pytest.approx(4001 / 501)


def test_rows_count_by_the_weight_of_their_class(
    make_case: Make, statistics: LabelStatistics
) -> None:
    logits, target, valid = one(make_case(), Task.EXPRESSION)
    loss = ExpressionLoss(CrossEntropy(class_weights="inverse"), 8, statistics)
    rows = functional.cross_entropy(logits[valid], target[valid], reduction="none")
    weights = torch.from_numpy(class_weights(statistics, "inverse"))[target[valid]]
    expected = (rows * weights).mean()
    assert loss(logits, target, valid).item() == pytest.approx(expected.item(), rel=1e-5)


def test_positive_weights_are_negatives_per_positive_within_the_bound(
    statistics: LabelStatistics,
) -> None:
    weights = positive_weights(statistics, "inverse", 10.0)
    assert weights[0] == pytest.approx(821 / 181)
    assert weights[7] == weights[11] == 10.0
    assert weights[10] < 1
    assert (positive_weights(statistics, "equal", 10.0) == 1).all()


@pytest.mark.parametrize(
    "config",
    [
        BinaryCrossEntropy(),
        Focal(gamma=0.0),
        Asymmetric(positive_gamma=0.0, negative_gamma=0.0, margin=0.0),
    ],
    ids=lambda config: config.kind,
)
def test_action_unit_losses_without_their_extras_are_cross_entropy(
    make_case: Make, config: Any
) -> None:
    logits, target, valid = one(make_case(), Task.ACTION_UNITS)
    loss = ActionUnitLoss(config, 12, None)
    expected = functional.binary_cross_entropy_with_logits(logits[valid], target[valid])
    assert loss(logits, target, valid).item() == pytest.approx(expected.item(), rel=1e-5)


def test_positive_weights_reach_the_loss(
    make_case: Make, statistics: LabelStatistics
) -> None:
    logits, target, valid = one(make_case(share=1.0), Task.ACTION_UNITS)
    config = BinaryCrossEntropy(positive_weights="inverse_sqrt", largest_weight=5.0)
    loss = ActionUnitLoss(config, 12, statistics)
    weights = positive_weights(statistics, "inverse_sqrt", 5.0)
    expected = functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=torch.from_numpy(weights)
    )
    assert loss(logits, target, valid).item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_and_asymmetric_are_the_published_formulas(make_case: Make) -> None:
    logits, target, valid = one(make_case(), Task.ACTION_UNITS)
    p = 1 / (1 + np.exp(-logits.detach().numpy().astype(np.float64)))
    occurs, use = target.numpy() > 0.5, valid.numpy()
    focal = np.where(occurs, -((1 - p) ** 2) * np.log(p), -(p**2) * np.log(1 - p))
    got = ActionUnitLoss(Focal(gamma=2.0), 12, None)(logits, target, valid)
    assert got.item() == pytest.approx(focal[use].mean(), rel=1e-5)
    shifted = np.maximum(p - 0.05, 0)
    asymmetric = np.where(occurs, -(1 - p) * np.log(p), -(shifted**4) * np.log(1 - shifted))
    config = Asymmetric(positive_gamma=1.0, negative_gamma=4.0, margin=0.05)
    got = ActionUnitLoss(config, 12, None)(logits, target, valid)
    assert got.item() == pytest.approx(asymmetric[use].mean(), rel=1e-5)


@pytest.mark.parametrize(
    "config",
    [BinaryCrossEntropy(), Focal(), Focal(gamma=0.5), Asymmetric()],
    ids=["cross-entropy", "focal", "focal of a root", "asymmetric"],
)
@pytest.mark.parametrize("size", [0.0, 30.0, 1e4])
def test_certain_predictions_give_finite_slopes(config: Any, size: float) -> None:
    logits = torch.tensor([size, size, -size, -size]).view(1, 1, 4).requires_grad_()
    target = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 1, 4)
    loss = ActionUnitLoss(config, 4, None)(
        logits, target, torch.ones_like(target, dtype=torch.bool)
    )
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_slopes_are_those_of_finite_differences(make_case: Make) -> None:
    case = make_case(shape=(2, 4))
    pred, target, valid = one(case, Task.VALENCE)
    assert torch.autograd.gradcheck(
        lambda x: ccc_loss(x, target.double(), valid),
        pred.detach().double().requires_grad_(),
    )
    logits, target, valid = one(case, Task.ACTION_UNITS)
    for config in (Focal(), Asymmetric(positive_gamma=1.0)):
        loss = ActionUnitLoss(config, 12, None)
        assert torch.autograd.gradcheck(
            lambda x, loss=loss: loss(x, target, valid),
            logits.detach().double().requires_grad_(),
        )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CCC(mse_weight=-1.0), "ccc: mse_weight must be at least 0, got -1.0"),
        (
            lambda: CrossEntropy(logit_adjustment=-1.0),
            "logit_adjustment must be at least 0",
        ),
        (lambda: CrossEntropy(label_smoothing=1.0), r"label_smoothing must be in \[0, 1\)"),
        (
            lambda: BinaryCrossEntropy(largest_weight=0.5),
            "largest_weight must be at least 1",
        ),
        (lambda: Focal(gamma=-1.0), "focal: gamma must be at least 0, got -1.0"),
        (
            lambda: Asymmetric(negative_gamma=-1.0),
            "asymmetric: negative_gamma must be at least 0",
        ),
        (
            lambda: Asymmetric(margin=1.0),
            r"asymmetric: margin must be in \[0, 1\), got 1.0",
        ),
        (lambda: counts(units=(1, 2)), "unit_positive and unit_total must have one shape"),
        (lambda: counts(classes=-1), "counts must be at least 0"),
        (lambda: counts(positive=5), "unit_positive must be at most unit_total"),
    ],
)
def test_impossible_settings_are_refused(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def counts(
    *, classes: int = 3, positive: int = 1, units: tuple[int, int] = (2, 2)
) -> LabelStatistics:
    return LabelStatistics(
        class_counts=np.full(8, classes),
        unit_positive=np.full(units[0], positive),
        unit_total=np.full(units[1], 4),
    )


def test_mse_needs_no_settings(make_case: Make) -> None:
    pred, target, valid = one(make_case(), Task.AROUSAL)
    expected = (pred - target)[valid].square().mean()
    assert AffectTaskLoss(MSE())(pred, target, valid).item() == pytest.approx(
        expected.item()
    )


def test_a_soft_label_of_one_class_costs_what_the_class_costs(
    make_case: Make, statistics: LabelStatistics
) -> None:
    logits, target, valid = one(make_case(), Task.EXPRESSION)
    config = CrossEntropy(
        class_weights="inverse", logit_adjustment=0.5, label_smoothing=0.1
    )
    loss = ExpressionLoss(config, 8, statistics)
    shares = functional.one_hot(target, 8).float()
    assert loss(logits, shares, valid).item() == pytest.approx(
        loss(logits, target, valid).item(), rel=1e-6
    )


def test_a_soft_label_costs_the_mean_cross_entropy_of_its_votes() -> None:
    logits = torch.tensor([[[2.0, 0.0, -1.0]]])
    votes = torch.tensor([[[0.5, 0.3, 0.2]]])
    loss = ExpressionLoss(CrossEntropy(), 3, None)(
        logits, votes, torch.ones(1, 1, dtype=torch.bool)
    )
    exps = np.exp([2.0, 0.0, -1.0])
    expected = -(np.array([0.5, 0.3, 0.2]) * np.log(exps / exps.sum())).sum()
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_masked_soft_labels_have_no_gradient() -> None:
    logits = torch.randn(2, 3, 4, requires_grad=True)
    valid = torch.tensor([[True, False, False], [False, False, False]])
    shares = torch.full((2, 3, 4), torch.nan).where(~valid[..., None], 0.25)
    ExpressionLoss(CrossEntropy(), 4, None)(logits, shares, valid).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[~valid].abs().sum() == 0 < logits.grad[valid].abs().sum()
