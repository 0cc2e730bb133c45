import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.losses.config import CustomLoss
from wildaffect.losses.custom import LOSSES, CustomTaskLoss

LOSS_FUNCTIONS = {
    "absolute": lambda pred, target, valid, scale=1.0: (
        scale * ((pred - target).abs() * valid).sum() / valid.sum()
    ),
    "vector": lambda pred, target, valid: (pred - target).abs(),
    "number": lambda pred, target, valid: 1.0,
    "detached": lambda pred, target, valid: (pred - target).abs().mean().detach(),
}


@pytest.fixture(autouse=True, scope="module")
def registered():
    for name, function in LOSS_FUNCTIONS.items():
        LOSSES.register(f"test-{name}", function)


def loss_of(name, valid=(True, False), **settings):
    pred = torch.tensor([[0.5, 0.1]], requires_grad=True)
    target = torch.tensor([[0.25, float("nan")]])
    loss = CustomTaskLoss(CustomLoss(name=f"test-{name}", settings=settings))
    return loss(pred, target, torch.tensor([valid])), pred


def test_the_loss_reads_what_is_annotated_and_takes_its_settings():
    loss, pred = loss_of("absolute", scale=2.0)
    assert loss.item() == pytest.approx(0.5)
    loss.backward()
    assert pred.grad.tolist() == [[2.0, 0.0]]


def test_a_batch_without_annotation_costs_nothing_and_has_a_gradient():
    loss, pred = loss_of("vector", valid=(False, False))
    loss.backward()
    assert loss.item() == 0
    assert pred.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("vector", {}, r"must return a tensor of shape \(\), got \(1, 2\)"),
        ("number", {}, r"must return a tensor of shape \(\), got float"),
        ("detached", {}, "must depend on the prediction, got no gradient"),
        ("absolute", {"scael": 2.0}, "loss 'test-absolute': .*unexpected.*'scael'"),
        ("absent", {}, "no loss 'test-absent'"),
    ],
)
def test_an_unsound_loss_is_refused(name, settings, message):
    with pytest.raises(UsageError, match=message):
        loss_of(name, **settings)
