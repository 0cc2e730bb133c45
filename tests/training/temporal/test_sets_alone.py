"""Training with all feature sets of a batch and with some alone."""

from dataclasses import replace

import pytest
import torch

from wildaffect.core.tasks import LabelSpaces
from wildaffect.models.fusion.config import Concatenation
from wildaffect.training.core.distributed import launch
from wildaffect.training.temporal.objective import StepBatch, TemporalObjective

WIDTHS = (4, 6)


@pytest.fixture
def objective_of(tiny, sequences):
    two_sets = [replace(each, set_widths=WIDTHS) for each in sequences]

    def made(alone):
        model = replace(tiny.model, fusion=Concatenation(alone=alone, set_dropout=0.0))
        fabric = launch("cpu", tiny.precision)
        recipe = replace(tiny, model=model)
        return TemporalObjective(recipe, two_sets, fabric=fabric, spaces=LabelSpaces())

    return made


def gradients(objective, batch):
    objective.model.zero_grad()
    objective.forward_backward(objective.model, batch)
    return {name: each.grad.clone() for name, each in objective.model.named_parameters()}


def with_nan(batch, columns):
    features = batch.windows.features.clone()
    features[..., columns] = torch.nan
    return StepBatch(batch.windows._replace(features=features), batch.step)


@pytest.mark.parametrize(("alone", "num_views"), [("first", 2), ("each", 3)])
def test_a_step_takes_the_mean_over_all_sets_and_sets_alone(objective_of, alone, num_views):
    """The reference is a step of its own on what each view shows."""
    with_all, with_views = objective_of("none"), objective_of(alone)
    batch = next(with_all.batches(0))
    seen = [batch, with_nan(batch, slice(4, 10)), with_nan(batch, slice(0, 4))]
    each = [gradients(with_all, view) for view in seen[:num_views]]
    found = gradients(with_views, batch)
    for name, gradient in found.items():
        expected = sum(of_view[name] for of_view in each) / num_views
        torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)
    assert any((found[name] - each[0][name]).abs().max() > 1e-3 for name in found)
