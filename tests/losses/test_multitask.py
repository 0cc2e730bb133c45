"""The loss of all tasks: what is not annotated, how tasks are weighed, what is kept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.losses.config import (
    CCC,
    MSE,
    PUBLISHED,
    Asymmetric,
    BinaryCrossEntropy,
    CrossEntropy,
    FixedWeights,
    Focal,
    LossConfig,
    LossRatioWeights,
    NormalizedWeights,
    TaskWeightingConfig,
    UncertaintyWeights,
)
from wildaffect.losses.multitask import MultitaskLoss, build_loss
from wildaffect.losses.statistics import LabelStatistics

Make = Callable[..., Any]
SPACES = LabelSpaces()
TASK_LOSSES = {
    "plain": LossConfig(),
    "mse-focal": LossConfig(valence=MSE(), arousal=MSE(), action_units=Focal()),
    "weighted": LossConfig(
        valence=CCC(mse_weight=0.5),
        expression=CrossEntropy(
            class_weights="inverse_sqrt", logit_adjustment=1.0, label_smoothing=0.1
        ),
        action_units=BinaryCrossEntropy(positive_weights="inverse"),
    ),
    "asymmetric": LossConfig(action_units=Asymmetric()),
}
TASK_WEIGHTINGS: dict[str, TaskWeightingConfig] = {
    "fixed": FixedWeights(),
    "normalized": NormalizedWeights(),
    "uncertainty": UncertaintyWeights(),
    "loss-ratio": LossRatioWeights(recent_steps=2.0, past_steps=10.0),
}


@pytest.fixture(params=TASK_LOSSES)
def losses(request: pytest.FixtureRequest) -> LossConfig:
    return TASK_LOSSES[request.param]


@pytest.fixture(params=TASK_WEIGHTINGS)
def task_weighting(request: pytest.FixtureRequest) -> TaskWeightingConfig:
    return TASK_WEIGHTINGS[request.param]


@pytest.fixture
def loss(
    losses: LossConfig, task_weighting: TaskWeightingConfig, statistics: LabelStatistics
) -> MultitaskLoss:
    return build_loss(replace(losses, task_weighting=task_weighting), SPACES, statistics)


def weigh(task_weighting: TaskWeightingConfig) -> MultitaskLoss:
    return build_loss(LossConfig(task_weighting=task_weighting), SPACES)


def slopes(loss: MultitaskLoss, case: Any) -> list[torch.Tensor]:
    """Return total and gradients; a fresh copy, so that nothing is remembered."""
    for output in case.outputs.values():
        output.grad = None
    report = loss(*case)
    report.total.backward()
    return [report.total.detach(), *(output.grad for output in case.outputs.values())]


def test_a_batch_without_labels_gives_no_loss_and_no_gradient(
    loss: MultitaskLoss, make_case: Make
) -> None:
    case = make_case(share=0.0)
    total, *gradients = slopes(loss, case)
    assert total.item() == 0.0
    for gradient in gradients:
        assert torch.equal(gradient, torch.zeros_like(gradient))
    for parameter in loss.parameters():
        assert parameter.grad is None or parameter.grad.item() == 0.0


def test_nan_where_nothing_is_annotated_changes_nothing(
    losses: LossConfig,
    task_weighting: TaskWeightingConfig,
    statistics: LabelStatistics,
    make_case: Make,
) -> None:
    clean, dirty = make_case(), make_case()
    for task, valid in dirty.valid.items():
        wide = valid[..., None] if task is Task.EXPRESSION else valid
        with torch.no_grad():
            dirty.outputs[task].masked_fill_(~wide, torch.nan)
        nothing = -1 if task is Task.EXPRESSION else torch.nan
        dirty.targets[task].masked_fill_(~valid, nothing)
    config = replace(losses, task_weighting=task_weighting)
    expected = slopes(build_loss(config, SPACES, statistics), clean)
    got = slopes(build_loss(config, SPACES, statistics), dirty)
    for before, after in zip(expected, got, strict=True):
        assert torch.equal(after, before)


def test_padding_does_not_change_the_scale(loss: MultitaskLoss, make_case: Make) -> None:
    case = make_case()
    wide = {
        name: {
            task: torch.cat([value, *[torch.zeros_like(value)] * 3], dim=1)
            for task, value in part.items()
        }
        for name, part in case._asdict().items()
    }
    loss.eval()
    got, expected = loss(**wide), loss(*case)
    torch.testing.assert_close(got.total, expected.total)
    for task in ABAW_TASKS:
        torch.testing.assert_close(got.per_task[task], expected.per_task[task])


def test_arguments_are_left_as_they_were(loss: MultitaskLoss, make_case: Make) -> None:
    case, before = make_case(), make_case()
    loss(*case).total.backward()
    for part, old_part in zip(case, before, strict=True):
        for task, value in part.items():
            assert torch.equal(value, old_part[task])


def test_everything_is_float32_under_autocast(loss: MultitaskLoss, make_case: Make) -> None:
    case = make_case()
    rough = {task: value.detach().bfloat16() for task, value in case.outputs.items()}
    exact = {task: value.float() for task, value in rough.items()}
    loss.eval()
    expected = loss(exact, case.targets, case.valid).total
    with torch.autocast("cpu", torch.bfloat16):
        got = loss(rough, case.targets, case.valid).total
    assert got.dtype == torch.float32
    assert torch.equal(got, expected)


def test_settings_survive_a_file(
    losses: LossConfig, task_weighting: TaskWeightingConfig
) -> None:
    config = replace(losses, task_weighting=task_weighting)
    adapter = TypeAdapter(LossConfig)
    assert adapter.validate_json(adapter.dump_json(config)) == config


def test_only_tasks_with_outputs_have_a_loss(
    task_weighting: TaskWeightingConfig, make_case: Make
) -> None:
    case = make_case()
    report = weigh(task_weighting)(
        {Task.AROUSAL: case.outputs[Task.AROUSAL]}, case.targets, case.valid
    )
    assert list(report.per_task) == [Task.AROUSAL]
    assert report.total.isfinite()


def test_fixed_weights_are_keyed_by_task(make_case: Make) -> None:
    report = weigh(FixedWeights())(*make_case())
    expected = sum(PUBLISHED[task] * value for task, value in report.per_task.items())
    assert report.total.item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_task_without_a_fixed_weight_is_refused(make_case: Make) -> None:
    loss = weigh(FixedWeights(weights={Task.VALENCE: 1.0, Task.AROUSAL: 1.0}))
    with pytest.raises(ValueError, match="no weight given for expression, action_units"):
        loss(*make_case())


def test_normalized_losses_pull_in_proportion_to_their_slope(make_case: Make) -> None:
    case = make_case()
    total, *gradients = slopes(weigh(NormalizedWeights()), case)
    assert total.item() == pytest.approx(4.0)
    alone = weigh(FixedWeights(weights=dict.fromkeys(Task, 1.0)))
    report = alone(*case)
    _, *plain = slopes(alone, case)
    for task, got, expected in zip(case.outputs, gradients, plain, strict=True):
        torch.testing.assert_close(got, expected / report.per_task[task].detach())


def test_uncertainty_settles_where_the_weight_is_half_of_one_over_the_loss(
    make_case: Make,
) -> None:
    case, loss = make_case(), weigh(UncertaintyWeights())
    optimizer = torch.optim.Adam(loss.parameters(), 0.1)
    for _ in range(100):
        report = loss(*case)
        optimizer.zero_grad()
        report.total.backward()
        optimizer.step()
    for task, value in report.per_task.items():
        raw = loss.task_weighting.log_variances[task].detach()
        weight = (-4.0 * (raw / 4.0).tanh()).exp()  # the bound is 4
        assert weight.item() == pytest.approx(1 / (2 * value.item()), rel=1e-2)


def test_uncertainty_of_a_task_stays_where_it_has_no_labels(make_case: Make) -> None:
    case, loss = make_case(), weigh(UncertaintyWeights())
    case.valid[Task.EXPRESSION].fill_(False)
    loss(*case).total.backward()
    moved = {
        task: value.grad.item() != 0
        for task, value in loss.task_weighting.log_variances.items()
    }
    assert moved == {
        "valence": True,
        "arousal": True,
        "expression": False,
        "action_units": True,
    }


def test_uncertainty_is_bounded(make_case: Make) -> None:
    loss = weigh(UncertaintyWeights(largest_log_variance=2.0))
    with torch.no_grad():
        for value in loss.task_weighting.log_variances.values():
            value.fill_(-1e6)
    report = loss(*make_case())
    total = sum(value.item() for value in report.per_task.values())
    assert report.total.item() == pytest.approx(torch.e**2 * total - 4, rel=1e-5)


def test_a_task_that_falls_less_weighs_more(make_case: Make) -> None:
    case = make_case(share=1.0)
    loss = weigh(LossRatioWeights(recent_steps=2.0, past_steps=20.0))
    for step in range(20):
        # Valence is learned, arousal is not.
        with torch.no_grad():
            target = case.targets[Task.VALENCE]
            case.outputs[Task.VALENCE].lerp_(target, 0.2 if step else 0.0)
        loss(*case)
    _, valence, arousal, *_ = slopes(loss.eval(), case)
    plain = weigh(FixedWeights(weights=dict.fromkeys(Task, 1.0)))
    _, plain_valence, plain_arousal, *_ = slopes(plain, case)
    weights = [
        (got.norm() / expected.norm()).item()
        for got, expected in ((valence, plain_valence), (arousal, plain_arousal))
    ]
    assert weights[0] < 0.9
    assert weights[1] > 1.0


def test_loss_ratio_weights_add_up_to_the_number_of_tasks_that_are_present(
    make_case: Make,
) -> None:
    case, loss = make_case(), weigh(LossRatioWeights())
    case.valid[Task.EXPRESSION].fill_(False)
    report = loss(*case)
    total = sum(value.item() for value in report.per_task.values())
    assert report.total.item() == pytest.approx(total, rel=1e-5)
    assert loss.task_weighting.num_steps.tolist() == [1, 1, 0, 1]


def test_the_past_of_loss_ratios_is_saved_and_not_moved_by_evaluation(
    make_case: Make,
) -> None:
    config = LossRatioWeights(recent_steps=2.0, past_steps=10.0)
    loss = weigh(config)
    for seed in range(4):
        loss(*make_case(seed=seed))
    again = weigh(config)
    again.load_state_dict(loss.state_dict())
    again.eval()(*make_case(seed=7))
    again.train()
    for seed in range(5, 8):
        case = make_case(seed=seed)
        assert torch.equal(again(*case).total, loss(*case).total)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: FixedWeights(weights={Task.VALENCE: -1.0}),
            "valence: weight must be at",
        ),
        (lambda: UncertaintyWeights(largest_log_variance=0.0), "must be above 0, got 0.0"),
        (lambda: LossRatioWeights(temperature=0.0), "temperature must be above 0, got 0.0"),
        (
            lambda: LossRatioWeights(recent_steps=5.0, past_steps=5.0),
            "recent_steps must be at least 1 and below past_steps, got 5.0 and 5.0",
        ),
        (
            lambda: build_loss(
                LossConfig(expression=CrossEntropy(logit_adjustment=1.0)), SPACES
            ),
            "class weights, .* need label statistics",
        ),
        (
            lambda: build_loss(
                LossConfig(action_units=BinaryCrossEntropy(positive_weights="inverse")),
                SPACES,
            ),
            "class weights, .* need label statistics",
        ),
    ],
)
def test_impossible_settings_are_refused(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_statistics_of_other_label_spaces_are_refused(statistics: LabelStatistics) -> None:
    short = replace(statistics, class_counts=statistics.class_counts[:7])
    with pytest.raises(ValueError, match="8 classes and 12 action units, got shapes"):
        build_loss(LossConfig(), SPACES, short)


@pytest.mark.parametrize("part", ["targets", "valid"])
def test_labels_of_another_shape_are_refused(part: str, make_case: Make) -> None:
    case = make_case()
    getattr(case, part)[Task.VALENCE] = getattr(case, part)[Task.VALENCE][..., None]
    with pytest.raises(
        ValueError,
        match=rf"loss: {part} of valence must have shape \(4, 15\), got \(4, 15, 1\)",
    ):
        weigh(FixedWeights())(*case)
