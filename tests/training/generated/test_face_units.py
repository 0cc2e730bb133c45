"""Training of `FaceUnits` on invented rows."""

import numpy as np
import pytest
import torch

from wildaffect.models.face_units import UnitOutputs
from wildaffect.training.generated.face_units import (
    FaceUnitsRecipe,
    UnitTargets,
    fit_asymmetry,
    train_face_units,
    unit_loss,
)

MIRROR = np.array([1, 0, 2])
RECIPE = FaceUnitsRecipe(hidden=(16, 16), noise=(0.1, 0.1), num_epochs=15, batch_size=64)


@pytest.fixture(scope="module")
def invented():
    """Two sides of a measure that says one unit, and whether the neutral is known."""
    rng = np.random.default_rng(0)
    sides = rng.random((512, 2)).astype(np.float32)
    rows = np.concatenate([sides, rng.integers(0, 2, (512, 1))], 1).astype(np.float32)
    affect = np.stack([sides.mean(1), -sides.mean(1)], 1).astype(np.float32)
    return rows, UnitTargets(left=sides[:, :1], right=sides[:, 1:], affect=affect)


def trained(invented, recipe=RECIPE):
    losses, networks = zip(*train_face_units(*invented, MIRROR, recipe), strict=True)
    return losses, networks[-1].eval()


def test_training_lowers_the_loss_and_finds_the_sides(invented):
    losses, network = trained(invented)
    assert losses[-1] < losses[0] / 2
    rows, targets = invented
    with torch.no_grad():
        outputs = network(torch.tensor(rows))
    for side, truth in (
        (outputs.intensity_left, targets.left), (outputs.intensity_right, targets.right)
    ):  # fmt: skip
        assert np.corrcoef(side[:, 0], truth[:, 0])[0, 1] > 0.8
    assert np.corrcoef(outputs.affect[:, 1], targets.affect[:, 1])[0, 1] > 0.8


def test_the_side_that_shows_more_is_predicted_though_one_sided_rows_are_rare(invented):
    rows, targets = invented
    rare = np.arange(len(rows)) % 50 == 0
    right = np.where(rare[:, None], targets.right, targets.left)
    rows = np.concatenate([targets.left, right, rows[:, 2:]], axis=1)
    rows[:, :2] += np.random.default_rng(1).normal(0, 0.1, (len(rows), 2))
    targets = UnitTargets(left=targets.left, right=right, affect=targets.affect)
    _, network = trained((rows, targets))
    asymmetry = fit_asymmetry(rows, targets, network)
    with torch.no_grad():
        predicted = asymmetry(network.standardize(torch.tensor(rows)))[rare, 0].numpy()
    truth = (targets.left - targets.right)[rare, 0]
    clear = np.abs(truth) > 0.2
    assert clear.sum() > 3
    assert (np.sign(predicted[clear]) == np.sign(truth[clear])).all()


def test_a_seed_gives_the_same_network_to_the_bit_and_another_seed_another(invented):
    first, second = trained(invented), trained(invented)
    assert first[0] == second[0]
    states = [network.state_dict() for _, network in (first, second)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    other, _ = trained(invented, FaceUnitsRecipe(**(vars_of(RECIPE) | {"seed": 1})))
    assert other != first[0]


def vars_of(recipe):
    return {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}


def test_the_loss_is_the_sum_of_its_three_parts():
    half = torch.full((2, 1), 0.5)
    outputs = UnitOutputs(torch.zeros(2, 1), half, half, half, torch.zeros(2, 2))
    left, right = torch.tensor([[0.5], [0.0]]), torch.tensor([[0.5], [1.0]])
    affect = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    loss = unit_loss(outputs, left, right, affect, present_from=0.3)
    assert float(loss) == pytest.approx((0 + 0.5) / 2 + 0.1 * np.log(2) + 1 / 4)
