import torch
from torch import nn

from wildaffect.training.core.ema import EMA
from wildaffect.training.core.optimizer import build_optimizer, decay_groups
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.core.schedule import build_schedule
from wildaffect.training.core.state import TrainState

CONFIG = OptimConfig(peak_lr=1e-2)


def begin(memory_format=torch.contiguous_format):
    """A small network with batch norm whose weights are laid out in this way."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten())
    model.to(memory_format=memory_format)
    loss = nn.Linear(16, 1)
    optimizer = build_optimizer(decay_groups(model, loss, 0.01), CONFIG)
    return TrainState(
        model=model,
        loss=loss,
        optimizer=optimizer,
        scheduler=build_schedule(optimizer, CONFIG, 10),
        ema=EMA(model, 0.5),
    )


def step(state, number):
    crops = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(number))
    state.loss(state.model(crops)).square().mean().backward()
    state.optimizer.step()
    state.optimizer.zero_grad()
    state.scheduler.step()
    state.ema.update(state.model)


def assert_alike(one, other):
    for name in ("model", "loss"):
        wanted = getattr(other, name).state_dict()
        for key, value in getattr(one, name).state_dict().items():
            torch.testing.assert_close(value, wanted[key])
    for key, value in one.output_weights().items():
        torch.testing.assert_close(value, other.output_weights()[key])


def test_what_was_collected_is_gone_on_from():
    whole, first = begin(), begin()
    for number in range(4):
        step(whole, number)
    for number in range(2):
        step(first, number)
    second = begin()
    second.load_state_dict(*first.state_dict())
    for number in range(2, 4):
        step(second, number)
    assert_alike(second, whole)


def test_the_layout_in_memory_may_be_another_after_a_stop():
    first, whole = begin(), begin()
    for number in range(4):
        step(whole, number)
    for number in range(2):
        step(first, number)
    second = begin(torch.channels_last)
    second.load_state_dict(*first.state_dict())
    for number in range(2, 4):
        step(second, number)
    assert_alike(second, whole)


def test_names_not_places_say_which_moment_is_whose():
    state = begin()
    step(state, 0)
    moments = state.state_dict()[1]["optimizer"]["state"]
    assert {"model.0.weight", "model.1.bias", "loss.weight"} <= moments.keys()
