from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from tests.training.conftest import made_up_sequence

from wildaffect.core.tasks import Task
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.temporal.semi_supervised import SemiSupervisedObjective
from wildaffect.training.temporal.teacher import consistency, pseudo_labels
from wildaffect.training.temporal.unlabeled import LabeledOnly, MeanTeacher, PseudoLabels

UNLABELED = [made_up_sequence(100 + index, num_rows=50) for index in range(6)]


def semi(unlabeled, recipe, sequences, **kwargs):
    return SemiSupervisedObjective(recipe, sequences, unlabeled, **kwargs)


@pytest.fixture
def fit_semi(fit):
    def fitted(recipe, *, unlabeled=UNLABELED, **kwargs):
        return fit(recipe, make_objective=partial(semi, unlabeled), **kwargs)

    return fitted


def logit(probability):
    return float(np.log(probability / (1 - probability)))


def test_consistency_is_the_squared_difference_of_probabilities_by_hand():
    student = {
        Task.VALENCE: torch.tensor([[0.5, 9.0]]),
        Task.ACTION_UNITS: torch.tensor([[[logit(0.9), 0.0], [0.0, 0.0]]]),
    }
    teacher = {
        Task.VALENCE: torch.tensor([[0.1, -9.0]]),
        Task.ACTION_UNITS: torch.tensor([[[logit(0.4), logit(0.7)], [9.0, 9.0]]]),
    }
    is_row = torch.tensor([[True, False]])
    by_hand = 0.4**2 + 0.5**2 + 0.2**2
    found = float(consistency(student, teacher, is_row))
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_only_confident_predictions_become_labels():
    teacher = {
        Task.AROUSAL: torch.tensor([[1.5, 0.2, 0.0]]),
        Task.EXPRESSION: torch.tensor([[[3.0, 0.0], [0.1, 0.0], [0.0, 9.0]]]),
        Task.ACTION_UNITS: torch.tensor([[[3.0, -3.0], [0.1, 3.0], [3.0, 3.0]]]),
    }
    is_row = torch.tensor([[True, True, False]])
    targets, valid = pseudo_labels(teacher, is_row, 0.8)
    torch.testing.assert_close(targets[Task.AROUSAL], torch.tensor([[1.0, 0.2, 0.0]]))
    assert valid[Task.AROUSAL].tolist() == [[True, True, False]]
    assert targets[Task.EXPRESSION].tolist() == [[0, 0, 1]]
    assert valid[Task.EXPRESSION].tolist() == [[True, False, False]]
    assert targets[Task.ACTION_UNITS][0, 0].tolist() == [1.0, 0.0]
    assert valid[Task.ACTION_UNITS].tolist() == [
        [[True, True], [False, True], [False, False]]
    ]


@pytest.mark.parametrize("kind", [MeanTeacher, PseudoLabels])
def test_unlabeled_videos_change_the_weights_and_their_labels_nothing(fit_semi, tiny, kind):
    recipe = replace(tiny, unlabeled=kind(ramp_ratio=0.0), num_epochs=2)
    first, _ = fit_semi(recipe, folder="first")
    other = [made_up_sequence(300 + index, num_rows=50) for index in range(6)]
    second, _ = fit_semi(recipe, unlabeled=other, folder="second")
    flipped = [
        replace(
            each,
            targets=replace(
                each.targets,
                valence=replace_values(each.targets.valence, -1.0),
                expression=replace_values(each.targets.expression, 3),
            ),
        )
        for each in UNLABELED
    ]
    third, _ = fit_semi(recipe, unlabeled=flipped, folder="third")
    weights = [load_weights(run.weights) for run in (first, second, third)]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def replace_values(column, value):
    return type(column)(np.full_like(column.values, value), column.valid)


def test_a_weight_of_zero_trains_as_without_unlabeled_videos(fit, fit_semi, tiny):
    plain, _ = fit(tiny, folder="plain", num_epochs=2)
    unweighted = replace(tiny, unlabeled=MeanTeacher(weight=0.0), num_epochs=2)
    semi_run, _ = fit_semi(unweighted, folder="semi")
    expected, found = load_weights(plain.weights), load_weights(semi_run.weights)
    # Batches are padded to another length, which changes rounding alone.
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, atol=1e-4, rtol=1e-3)


def test_an_interrupted_run_keeps_its_teacher(fit_semi, tiny):
    recipe = replace(tiny, unlabeled=MeanTeacher(ramp_ratio=0.0), num_epochs=2)
    whole, epochs = fit_semi(recipe, folder="whole")

    class Stopped(Exception):
        pass

    def stop(run, step, num_steps, loss):
        if step == num_steps // 2 + 1:  # after the checkpoint of the first epoch
            raise Stopped

    with pytest.raises(Stopped):
        fit_semi(recipe, folder="halves", on_step_end=stop)
    resumed, rest = fit_semi(recipe, folder="halves")
    assert len(epochs) == 2
    assert len(rest) == 1
    expected, found = load_weights(whole.weights), load_weights(resumed.weights)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_the_weight_grows_over_the_ramp():
    teacher = MeanTeacher(weight=2.0, ramp_ratio=0.5)
    assert [teacher.weight_at(share) for share in (0.0, 0.25, 0.5, 1.0)] == [0, 1, 2, 2]
    assert MeanTeacher(ramp_ratio=0.0).weight_at(0.0) == 1.0


def test_settings_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"min_confidence must be in \[0\.5, 1\)"):
        PseudoLabels(min_confidence=0.3)
    with pytest.raises(ValueError, match="teacher_decay"):
        MeanTeacher(teacher_decay=1.0)
    assert LabeledOnly().kind == "labeled-only"
