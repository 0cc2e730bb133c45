import dataclasses

import numpy as np
import pytest

from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.model import layout_of
from wildaffect.inference.postprocess import smoothing_by_column, to_affect
from wildaffect.inference.smoothing import Box, Gaussian, Smoothing


@pytest.fixture
def manifest(toy):
    return load_artifact(toy()).manifest


def read(manifest, **values):
    layout = layout_of(manifest)
    row = np.zeros(layout.num_columns, np.float32)
    for name, value in values.items():
        row[layout.columns[name]] = value
    return to_affect(row, manifest, layout)


def test_values_stand_in_the_order_of_the_whole_space_and_the_rest_is_absent(manifest):
    model_outputs = read(
        manifest, valence=0.5, expression=[0.2, 0.8], action_units=[0.3, 0.7]
    )
    assert model_outputs.valence == 0.5
    assert model_outputs.expression == "Happiness"
    by_label = dict(
        zip(ABAW_EXPRESSIONS.labels, model_outputs.expression_probs, strict=True)
    )
    assert by_label["Happiness"] == pytest.approx(0.8)
    assert {label for label, p in by_label.items() if np.isnan(p)} == set(
        ABAW_EXPRESSIONS.labels
    ) - {"Neutral", "Happiness"}
    present = dict(
        zip(ABAW_ACTION_UNITS.labels, model_outputs.action_units_present, strict=True)
    )
    assert (present["AU04"], present["AU12"], present["AU01"]) == (False, True, None)


def test_a_unit_is_present_from_its_own_threshold_on(manifest):
    changed = dataclasses.replace(
        manifest, calibration=Calibration(action_unit_thresholds=(0.25, 0.75))
    )
    present = read(changed, action_units=[0.25, 0.74]).action_units_present
    known = [item for item in present if item is not None]
    assert known == [True, False]


def test_the_bias_shifts_the_choice_and_probabilities_still_sum_to_one(manifest):
    biased = Calibration(expression_bias=(np.log(9.0), 0.0))
    model_outputs = read(
        dataclasses.replace(manifest, calibration=biased), expression=[0.2, 0.8]
    )
    assert model_outputs.expression == "Neutral"
    assert model_outputs.expression_probs[
        ABAW_EXPRESSIONS.index("Neutral")
    ] == pytest.approx(9 * 0.2 / 2.6)
    assert np.nansum(model_outputs.expression_probs) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("probs", "is_unclear"),
    [([0.44, 0.56], True), ([0.35, 0.65], False), ([0.5, 0.5], True)],
)
def test_a_class_that_hardly_leads_is_unclear_and_stays_in_the_table(
    manifest, probs, is_unclear
):
    margin = Calibration(expression_margin=0.2)
    model_outputs = read(
        dataclasses.replace(manifest, calibration=margin), expression=probs
    )
    assert model_outputs.expression == manifest.expression.predicted[int(np.argmax(probs))]
    assert model_outputs.expression_is_unclear is is_unclear
    assert model_outputs.expression_word == (
        "unclear" if is_unclear else model_outputs.expression
    )
    assert np.nansum(model_outputs.expression_probs) == pytest.approx(1.0)


def test_the_margin_counts_after_the_bias_and_is_0_unless_given(manifest):
    assert not read(manifest, expression=[0.5, 0.5]).expression_is_unclear
    biased = Calibration(expression_bias=(np.log(9.0), 0.0), expression_margin=0.2)
    model_outputs = read(
        dataclasses.replace(manifest, calibration=biased), expression=[0.5, 0.5]
    )
    assert not model_outputs.expression_is_unclear


def test_a_single_class_is_never_unclear(manifest):
    one = dataclasses.replace(manifest.expression, predicted=("Happiness",))
    calibration = Calibration(expression_margin=0.9)
    changed = dataclasses.replace(manifest, expression=one, calibration=calibration)
    assert read(changed, expression=[1.0]).expression_word == "Happiness"


def test_the_spread_is_absent_with_one_member_and_there_with_two(manifest):
    assert np.isnan(read(manifest).valence_sd)
    two = dataclasses.replace(manifest, members=manifest.members * 2)
    model_outputs = read(two, **{"spread valence": 0.3})
    assert model_outputs.valence_sd == pytest.approx(0.3)


def test_tasks_that_are_not_predicted_stay_absent(manifest):
    bare = dataclasses.replace(
        manifest, predicts_arousal=False, expression=None, action_units=None
    )
    model_outputs = read(bare, valence=0.1)
    assert np.isnan(model_outputs.arousal)
    assert (
        model_outputs.expression
        is model_outputs.expression_probs
        is model_outputs.action_unit_probs
        is None
    )


def test_each_task_and_its_spread_are_smoothed_in_their_own_way(manifest):
    valence, units = Gaussian(sd_s=0.1), Box(width_s=0.3)
    calibration = Calibration(smoothing=Smoothing(valence=valence, action_units=units))
    changed = dataclasses.replace(manifest, calibration=calibration)
    layout = layout_of(changed)
    assert smoothing_by_column(changed, layout) == [
        (layout.columns["valence"], valence),
        (layout.columns["spread valence"], valence),
        (layout.columns["action_units"], units),
    ]
