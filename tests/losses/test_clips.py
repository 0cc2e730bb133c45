import pytest
import torch

from wildaffect.core.tasks import Task
from wildaffect.losses.clips import pool_clips

LENGTHS = (5, 3)
"""Real rows of the clip, and of the window that is labeled by frame."""


@pytest.fixture
def batch():
    """A clip and a window of frames, padded to six rows."""
    torch.manual_seed(0)
    outputs = {
        Task.VALENCE: torch.randn(2, 6),
        Task.EXPRESSION: 3 * torch.randn(2, 6, 4),
        Task.ACTION_UNITS: 3 * torch.randn(2, 6, 2),
        Task.DIMENSIONS: torch.randn(2, 6, 3),
    }
    real = torch.arange(6) < torch.tensor(LENGTHS)[:, None]
    targets = {
        Task.VALENCE: torch.full((2, 6), 0.5),
        Task.EXPRESSION: torch.full((2, 6), 2),
        Task.ACTION_UNITS: torch.ones(2, 6, 2),
        Task.DIMENSIONS: torch.full((2, 6, 3), -0.5),
    }
    valid = {
        task: real if target.ndim == 2 else real[..., None].expand_as(target)
        for task, target in targets.items()
    }
    return outputs, targets, valid


CLIP = torch.tensor([True, False])


def test_a_clip_has_the_mean_probability_of_its_real_rows(batch):
    outputs, targets, valid = batch
    pooled = pool_clips(outputs, targets, valid, CLIP)
    rows = slice(0, LENGTHS[0])
    for task, squash in (
        (Task.EXPRESSION, lambda raw: raw.softmax(-1)),
        (Task.ACTION_UNITS, torch.sigmoid),
        (Task.DIMENSIONS, lambda raw: raw),
        (Task.VALENCE, lambda raw: raw),
    ):
        expected = squash(outputs[task][0, rows]).mean(0)
        torch.testing.assert_close(squash(pooled.outputs[task][0, 0]), expected)
        mask = pooled.valid[task][0].reshape(6, -1)
        assert mask[0].all()
        assert not mask[1:].any()


def test_a_window_that_is_labeled_by_frame_stays_as_it_is(batch):
    outputs, targets, valid = batch
    pooled = pool_clips(outputs, targets, valid, CLIP)
    for task in outputs:
        torch.testing.assert_close(pooled.outputs[task][1], outputs[task][1])
        assert torch.equal(pooled.valid[task][1], valid[task][1])


def test_the_label_is_that_of_the_first_labeled_row(batch):
    outputs, targets, valid = batch
    targets[Task.EXPRESSION][0, :2] = 0  # left padding, not labeled
    valid[Task.EXPRESSION] = valid[Task.EXPRESSION].clone()
    valid[Task.EXPRESSION][0, :2] = False
    pooled = pool_clips(outputs, targets, valid, CLIP)
    assert pooled.targets[Task.EXPRESSION][0, 0] == 2
    expected = outputs[Task.EXPRESSION][0, 2:5].softmax(-1).mean(0)
    torch.testing.assert_close(pooled.outputs[Task.EXPRESSION][0, 0].softmax(-1), expected)


def test_a_clip_without_a_label_has_none_and_a_finite_gradient(batch):
    outputs, targets, valid = batch
    raw = outputs[Task.ACTION_UNITS].requires_grad_()
    valid[Task.ACTION_UNITS] = torch.zeros(2, 6, 2, dtype=torch.bool)
    pooled = pool_clips(outputs, targets, valid, CLIP)
    assert not pooled.valid[Task.ACTION_UNITS].any()
    pooled.outputs[Task.ACTION_UNITS].sum().backward()
    assert raw.grad.isfinite().all()
