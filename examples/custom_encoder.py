"""Train a temporal encoder of your own, load the run, and export it for `analyze`.

python examples/custom_encoder.py DATA: annotations with splits `train` and `val`, and
their features in DATA/features, as `wildaffect extract` writes them.
"""

import sys
from dataclasses import replace

import torch

import wildaffect
from wildaffect.extending import TEMPORAL_ENCODERS, CustomEncoder, TemporalEncoder


class MovingMean(TemporalEncoder):
    """A linear layer, then the mean over the rows so far."""

    def __init__(self, input_dim: int, *, width: int = 16) -> None:
        super().__init__(width)
        self.linear = torch.nn.Linear(input_dim, width)

    def encode(self, features, times_s, real):  # (B, T, D) -> (B, T, width)
        states = self.linear(features).cumsum(1)
        return states / torch.arange(1, states.shape[1] + 1, device=states.device)[:, None]


TEMPORAL_ENCODERS.register("moving-mean", MovingMean)
base = wildaffect.find_recipe("modern-frame")
encoder = CustomEncoder(name="moving-mean", settings={"width": 8})
recipe = replace(
    base, name="moving-mean", num_epochs=2, model=replace(base.model, encoder=encoder)
)

print(wildaffect.train(recipe, sys.argv[1], output="runs/moving-mean"))
print(wildaffect.load_run("runs/moving-mean"))
print(wildaffect.export_model("runs/moving-mean", "moving-mean"))
