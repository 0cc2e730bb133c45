import numpy as np
import pytest

from wildaffect.calibration.ensemble_weights import (
    EnsembleWeights,
    combine_members,
    cross_fit_weights,
    select_weights,
)
from wildaffect.calibration.ensembling import average, rescale
from wildaffect.calibration.fitting import CalibrationFit, cross_fit
from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.inference.manifest import Affine

SPACES = LabelSpaces()
FIT = CalibrationFit(expression=None, action_units=None)


@pytest.fixture(scope="module")
def labeled_members(noisy_model):
    """Outputs of a good, a bad and a middling member, labels, and folds."""
    good, targets = noisy_model(num_videos=6, num_rows=80, noise=0.2)
    bad = [_shuffled(item) for item in good]
    middling = noisy_model(num_videos=6, num_rows=80, noise=0.8)[0]
    videos = [item.video for item in good]
    return [good, bad, middling], targets, [videos[:2], videos[2:4], videos[4:]]


def _shuffled(one):
    order = np.random.default_rng(5).permutation(len(one))
    probs = {task: values[order] for task, values in one.probs.items()}
    return type(one)(
        video=one.video, frame_number=one.frame_number, time_s=one.time_s, probs=probs
    )


def selected_weights(labeled_members, combine="mean", select="all") -> EnsembleWeights:
    return select_weights(*labeled_members, combine=combine, select=select, spaces=SPACES)


def test_all_members_count_alike_on_every_fold(labeled_members):
    selected = selected_weights(labeled_members)
    assert selected.weights == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert set(selected.fold_weights) == {selected.weights}
    assert selected.rescaling == ({}, {}, {})


def test_a_greedy_ensemble_leaves_out_a_member_that_guesses(labeled_members):
    selected = selected_weights(labeled_members, select="greedy")
    assert sum(selected.weights) == pytest.approx(1)
    assert selected.weights[1] == 0
    assert selected.weights[0] > selected.weights[2]
    assert len(selected.fold_weights) == 3


def test_centered_members_come_to_common_moments(labeled_members):
    selected = selected_weights(labeled_members, combine="centered")
    moved = [
        rescale(*pair) for pair in zip(labeled_members[0], selected.rescaling, strict=True)
    ]
    means = [
        np.concatenate([item.probs[Task.VALENCE] for item in member]).mean()
        for member in moved
    ]
    assert means == pytest.approx([means[0]] * 3, abs=0.01)


def test_members_without_weight_are_left_out_of_the_mean(labeled_members):
    good, _, middling = labeled_members[0]
    moved = {Task.AROUSAL: Affine(scale=0.5)}
    mixed = combine_members(labeled_members[0], (0.75, 0.0, 0.25), ({}, {}, moved))
    expected = average([good, middling], [3, 1], rescaling=[{}, moved])
    for item, other in zip(mixed, expected, strict=True):
        for task in ABAW_TASKS:
            np.testing.assert_allclose(item.probs[task], other.probs[task], atol=1e-6)


def test_a_mixture_that_no_fold_changes_is_calibrated_as_one_model(labeled_members):
    members, targets, folds = labeled_members
    selected = selected_weights(labeled_members)
    found = cross_fit_weights(members, selected, targets, folds, fit=FIT, spaces=SPACES)
    mean = average(members)
    expected = cross_fit(mean, targets, folds, FIT, spaces=SPACES)
    assert found.calibration == expected.calibration
    for step, other in zip(found.steps, expected.steps, strict=True):
        ours, theirs = step.out_of_sample.pooled(), other.out_of_sample.pooled()
        assert float(ours.p_mtl) == float(theirs.p_mtl)


def test_a_fold_is_scored_by_the_members_selected_without_it(labeled_members):
    members, targets, folds = labeled_members
    good, bad = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    selected = EnsembleWeights(
        weights=good, fold_weights=(good, bad, good), rescaling=({}, {}, {})
    )
    found = cross_fit_weights(members, selected, targets, folds, fit=FIT, spaces=SPACES)
    raw = found.steps[0]
    ours = raw.out_of_sample.valence.ccc()
    inside = raw.in_sample.valence.ccc()
    for index, video in enumerate(raw.out_of_sample.videos):
        if video in folds[1]:
            assert ours[index] < 0.5 < inside[index]
        else:
            assert ours[index] == inside[index]
