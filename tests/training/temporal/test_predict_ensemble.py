from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch

from wildaffect.core.rate import kept_rows
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.core.windows import FRAME_WISE
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.manifest import Affine
from wildaffect.models.build import build_model
from wildaffect.models.fusion.config import Gated
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.predict_ensemble import (
    distinct_inputs,
    predict_at_rate,
    predict_ensemble,
)


class Data(NamedTuple):
    """What is read of a run's data here."""

    rate_hz: float
    spaces: LabelSpaces = LabelSpaces()


class Trained(NamedTuple):
    """An untrained run."""

    recipe: object
    data: Data
    model: torch.nn.Module


@pytest.fixture
def trained(tiny, sequences):
    torch.manual_seed(0)
    dim = sequences[0].features.shape[1]
    return Trained(tiny, Data(rate_hz=12.0), build_model(tiny.model, dim).eval())


def ensemble_of(*members) -> Ensemble:
    return Ensemble(folder=None, members=members, calibration=Calibration())


def test_rows_at_about_the_models_rate_are_taken_as_they_are(trained, sequences):
    (plain,) = predict_sequences(trained.model, sequences[:1], trained.recipe.window)
    predicted = predict_at_rate(trained, sequences[0])
    assert np.array_equal(predicted.probs[Task.VALENCE], plain.probs[Task.VALENCE])


def test_denser_rows_are_subsampled_and_interpolated(trained, sequences):
    slow = trained._replace(data=Data(rate_hz=2.0))
    one = sequences[0]
    predicted = predict_at_rate(slow, one)
    rows = one.computed_rows
    assert np.array_equal(predicted.frame_number, one.frame_number[rows])
    kept = kept_rows(one.time_s[rows], 2.0)
    assert 1 < len(kept) < len(rows) / 2
    has_feature = np.zeros(len(one), bool)
    has_feature[rows[kept]] = True
    subsampled = replace(one, has_feature=has_feature)
    (alone,) = predict_sequences(slow.model, [subsampled], slow.recipe.window)
    np.testing.assert_array_equal(
        predicted.probs[Task.VALENCE][kept], alone.probs[Task.VALENCE]
    )
    np.testing.assert_allclose(predicted.probs[Task.EXPRESSION].sum(1), 1.0, atol=1e-5)


def test_frames_seen_alone_are_never_subsampled(trained, sequences):
    recipe = replace(trained.recipe, window=FRAME_WISE)
    alone = trained._replace(recipe=recipe, data=Data(rate_hz=2.0))
    (plain,) = predict_sequences(alone.model, sequences[:1], FRAME_WISE)
    predicted = predict_at_rate(alone, sequences[0])
    assert np.array_equal(predicted.probs[Task.VALENCE], plain.probs[Task.VALENCE])


def test_members_are_weighed_and_rescaled(trained, sequences):
    moved = {Task.VALENCE: Affine(scale=0.0, offset=0.4)}
    members = (
        EnsembleMember(trained=trained, weight=3.0),
        EnsembleMember(trained=trained, weight=1.0, rescaled=moved),
    )
    own = predict_at_rate(trained, sequences[0]).probs[Task.VALENCE]
    predicted = predict_ensemble(ensemble_of(*members), sequences[:1])
    np.testing.assert_allclose(
        predicted.probs[Task.VALENCE], 0.75 * own + 0.25 * 0.4, atol=1e-6
    )
    assert Task.VALENCE in predicted.spread


def test_a_single_member_is_rescaled_too_and_has_no_spread(trained, sequences):
    moved = {Task.VALENCE: Affine(scale=0.0, offset=0.4)}
    member = EnsembleMember(trained=trained, rescaled=moved)
    predicted = predict_ensemble(ensemble_of(member), sequences[:1])
    assert predicted.probs[Task.VALENCE] == pytest.approx(0.4)
    assert not predicted.spread


def test_members_that_read_alike_share_a_reading(trained):
    other = trained._replace(recipe=replace(trained.recipe, inputs=("else",)))
    again = trained._replace(recipe=replace(trained.recipe, seed=7))
    fused = replace(trained.recipe.model, fusion=Gated())
    other_absence = trained._replace(recipe=replace(trained.recipe, model=fused))
    every = (trained, other, again, other_absence)
    members = [EnsembleMember(trained=item) for item in every]
    found = distinct_inputs(ensemble_of(*members))
    assert found == (trained, other, other_absence)
