import pytest
import torch
from torch import nn

from wildaffect.training.core.ema import EMA


def set_to(model, value):
    with torch.no_grad():
        model.weight.fill_(value)


def test_the_mean_forgets_the_first_weights_soon_and_then_decays_as_set():
    model = nn.Linear(1, 1)
    set_to(model, 100.0)
    mean = EMA(model, 0.99)
    expected = None
    for step in range(2000):
        set_to(model, float(step))
        mean.update(model)
        share = max(0.01, 9 / (9 + step))
        expected = step if expected is None else expected + share * (step - expected)
    assert mean.model.weight.item() == pytest.approx(expected, rel=1e-4)
    assert mean.model.weight.item() == pytest.approx(1999 - 99, abs=2)


def test_a_mean_goes_on_from_its_state():
    model = nn.Linear(3, 2)
    whole, first = EMA(model, 0.9), EMA(model, 0.9)
    for value in (1.0, 4.0):
        set_to(model, value)
        whole.update(model)
        first.update(model)
    second = EMA(nn.Linear(3, 2), 0.9)
    second.model.load_state_dict(first.model.state_dict())
    second.num_steps = first.num_steps
    set_to(model, -2.0)
    whole.update(model)
    second.update(model)
    assert torch.equal(whole.model.weight, second.model.weight)
