"""Encoders of other code that break what the library relies on are refused when built."""

import pytest
import torch
from torch import nn

from wildaffect.core.errors import UsageError
from wildaffect.models.temporal.build import build_temporal_encoder
from wildaffect.models.temporal.config import CustomEncoder
from wildaffect.models.temporal.custom import TEMPORAL_ENCODERS
from wildaffect.models.temporal.encoder import TemporalEncoder


class Linear(TemporalEncoder):
    """A linear layer; `change` spoils what it returns."""

    def __init__(self, input_dim, *, width=4, change=lambda states: states):
        super().__init__(width)
        self.linear, self.change = nn.Linear(input_dim, width), change

    def encode(self, features, times_s, real):
        return self.change(self.linear(features))


CHANGES = {
    "sound": lambda states: states,
    "leaking": lambda states: states.flip(1).cumsum(1).flip(1),
    "short": lambda states: states[:, 1:],
    "tuple": lambda states: (states, states),
}


@pytest.fixture(autouse=True, scope="module")
def registered():
    for name, change in CHANGES.items():

        def make(input_dim, change=change, **settings):
            return Linear(input_dim, change=change, **settings)

        TEMPORAL_ENCODERS.register(f"test-{name}", make)
    TEMPORAL_ENCODERS.register("test-module", lambda input_dim: nn.Linear(input_dim, 4))


def build(name, **settings):
    return build_temporal_encoder(CustomEncoder(name=f"test-{name}", settings=settings), 6)


def test_a_sound_encoder_is_built_in_training():
    encoder = build("sound", width=3)
    assert encoder.output_dim == 3
    assert encoder.training


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("leaking", {}, "padding must not change the states of real rows"),
        ("short", {}, r"states must have shape \(1, 5, 4\), got \(1, 4, 4\)"),
        ("tuple", {}, "states must have shape .* got <class 'tuple'>"),
        ("sound", {"widht": 3}, "unexpected keyword argument 'widht'"),
        ("module", {}, "must derive from .*TemporalEncoder, got Linear"),
        ("absent", {}, "no temporal encoder 'test-absent'"),
    ],
)
def test_an_unsound_encoder_is_refused(name, settings, message):
    with pytest.raises(UsageError, match=message):
        build(name, **settings)


def test_settings_are_those_that_a_file_gives_back():
    assert CustomEncoder(name="mine", settings={"sizes": (1, 2)}).settings == {
        "sizes": [1, 2]
    }
    with pytest.raises(ValueError, match="mine: settings must be JSON values"):
        CustomEncoder(name="mine", settings={"weight": torch.zeros(2)})
