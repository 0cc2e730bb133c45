"""What a model promises, over every encoder and every framework."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.losses.config import LossConfig
from wildaffect.losses.multitask import build_loss
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import FrameworkConfig, HeadConfig, ModelConfig
from wildaffect.models.temporal.config import TCNConfig, TemporalConfig
from wildaffect.models.temporal.layers import own_layers

Make = Callable[..., Any]
SHAPES: dict[Task, tuple[int, ...]] = {
    Task.VALENCE: (),
    Task.AROUSAL: (),
    Task.EXPRESSION: (8,),
    Task.ACTION_UNITS: (12,),
}
SQUARE = ("separate_encoders-hidden", "share_encoder-label", "share_bottom-alone")
"""Frameworks with every trunk and every feedback once."""


def loss_of(outputs: dict[Task, torch.Tensor], labels: Any) -> torch.Tensor:
    loss = build_loss(LossConfig(), LabelSpaces())
    return loss(outputs, labels.targets, labels.valid).total


@pytest.mark.parametrize("lengths", [(7, 4), (1,), (1, 1)], ids=str)
def test_every_task_has_an_output_of_its_shape(
    encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_model: Make,
    make_window: Make,
    lengths: tuple[int, ...],
) -> None:
    outputs = make_model(encoder, framework)(*make_window(*lengths))
    assert list(outputs) == list(ABAW_TASKS)
    for task, output in outputs.items():
        assert output.shape == (len(lengths), max(lengths), *SHAPES[task])
        assert output.dtype == torch.float32
        assert output.isfinite().all()


def test_gradients_reach_every_parameter(
    encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_model: Make,
    make_window: Make,
    make_labels: Make,
    truth: Make,
) -> None:
    model = make_model(encoder, framework)
    window = make_window(40, 30)
    labels = make_labels(window)
    loss_of(model(*window, truth(labels, 0.6)), labels).backward()
    without = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert without == []


def test_padding_company_and_order_change_nothing(
    encoder: TemporalConfig, framework: FrameworkConfig, make_model: Make, make_window: Make
) -> None:
    model = make_model(encoder, framework).eval()
    window = make_window(7, 3)
    real = torch.arange(7) < window.lengths[:, None]
    dirty = torch.where(real[..., None], window.features, torch.nan)
    together = model(dirty, window.lengths, window.times_s)
    turned = model(dirty.flip(0), window.lengths.flip(0), window.times_s.flip(0))
    alone = model(window.features[1:, :3], window.lengths[1:], window.times_s[1:, :3])
    for task in ABAW_TASKS:
        for got, expected in (
            (together[task][1, :3], alone[task][0]),
            (turned[task][0, :3], alone[task][0]),
            (turned[task][1], together[task][0]),
        ):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=5e-6)


def test_windows_without_labels_give_no_loss_and_no_gradient(
    encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_model: Make,
    make_window: Make,
    make_labels: Make,
    truth: Make,
) -> None:
    model = make_model(encoder, framework)
    window = make_window(6, 3)
    labels = make_labels(window, share=0.0)
    total = loss_of(model(*window, truth(labels, 0.5)), labels)
    total.backward()
    assert total.item() == 0.0
    for parameter in model.parameters():
        assert parameter.grad is None or float(parameter.grad.abs().sum()) == 0.0


def test_saved_weights_and_settings_make_the_same_model(
    encoder: TemporalConfig, framework: FrameworkConfig, make_model: Make, make_window: Make
) -> None:
    adapter = TypeAdapter(ModelConfig)
    model = make_model(encoder, framework).eval()
    model.standardize(torch.full((5,), 0.3), torch.full((5,), 2.0))
    config = adapter.validate_json(adapter.dump_json(model.config))
    assert config == model.config
    again = build_model(config, 5).eval()
    again.load_state_dict(model.state_dict())
    window = make_window(5)
    for task, output in model(*window).items():
        assert torch.equal(again(*window)[task], output)


def test_rows_later_than_the_delay_never_change_an_output(
    causal_encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_model: Make,
    make_window: Make,
) -> None:
    model = make_model(causal_encoder, framework).eval()
    window = make_window(8, 6)
    before = model(*window)
    latest_s = window.times_s[:, 3:4] + causal_encoder.delay_s
    later = (window.times_s > latest_s + 2e-3)[..., None]
    changed = torch.where(later, torch.full_like(window.features, 50.0), window.features)
    after = model(changed, window.lengths, window.times_s)
    for task in ABAW_TASKS:
        torch.testing.assert_close(
            after[task][:, 3], before[task][:, 3], rtol=1e-4, atol=5e-6
        )


def test_5000_rows_are_predicted(
    framework: FrameworkConfig, make_model: Make, make_window: Make
) -> None:
    model = make_model(TCNConfig(hidden_dim=8, num_layers=2), framework).eval()
    with torch.no_grad():
        outputs = model(*make_window(5_000))
    assert all(output.shape[1] == 5_000 for output in outputs.values())


def test_under_autocast_outputs_and_loss_are_float32(
    encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_model: Make,
    make_window: Make,
    make_labels: Make,
    truth: Make,
) -> None:
    model = make_model(encoder, framework)
    window = make_window(6, 4)
    labels = make_labels(window)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(*window, truth(labels, 0.5))
        total = loss_of(outputs, labels)
    total.backward()
    assert {output.dtype for output in outputs.values()} == {torch.float32}
    assert total.dtype == torch.float32
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("task", ABAW_TASKS)
def test_a_model_of_one_task_has_one_output(
    task: Task, encoder: TemporalConfig, make_model: Make, make_window: Make
) -> None:
    outputs = make_model(encoder, tasks=(task,))(*make_window(4))
    assert list(outputs) == [task]


def learns(config: ModelConfig, window: Any, labels: Any, num_steps: int) -> list[float]:
    """Return the first and the last loss of overfitting one batch."""
    model = build_model(config, 5)
    loss = build_loss(LossConfig(), LabelSpaces())
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    totals = []
    for _ in range(num_steps):
        total = loss(model(*window), labels.targets, labels.valid).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    return [totals[0], totals[-1]]


def test_a_small_batch_is_learned_by_heart(
    encoder: TemporalConfig, make_window: Make, make_labels: Make
) -> None:
    window = make_window(6, 4)
    config = ModelConfig(encoder=encoder, head=HeadConfig(hidden_dims=(32,), dropout=0.0))
    first, last = learns(config, window, make_labels(window), num_steps=80)
    assert last < first / 8


@pytest.mark.slow
@pytest.mark.parametrize("framework", SQUARE, indirect=True)
def test_a_small_batch_is_learned_by_heart_with_every_trunk_and_every_feedback(
    encoder: TemporalConfig,
    framework: FrameworkConfig,
    make_window: Make,
    make_labels: Make,
) -> None:
    window = make_window(6, 4)
    head = HeadConfig(hidden_dims=(32,), dropout=0.0)
    config = ModelConfig(encoder=encoder, framework=framework, head=head)
    first, last = learns(config, window, make_labels(window), num_steps=200)
    assert last < first / 20


def test_own_layers_have_the_delay_of_the_shared_ones_only_once(
    one_way_encoder: TemporalConfig,
) -> None:
    assert own_layers(one_way_encoder, 1, 0).delay_s is None
    assert own_layers(replace(one_way_encoder, delay_s=0.5), 1, 0).delay_s == 0.0
