import dataclasses

import numpy as np
import pytest

from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.inference.artefact import load_artefact
from wildaffect.inference.manifest import ExpressionOutput, Smoothing
from wildaffect.inference.model import layout_of
from wildaffect.inference.verdict import biased, smoothing_widths, to_affect


@pytest.fixture
def manifest(toy):
    return load_artefact(toy()).manifest


def read(manifest, **values):
    layout = layout_of(manifest)
    row = np.zeros(layout.num_columns, np.float32)
    for name, value in values.items():
        row[layout.columns[name]] = value
    return to_affect(row, manifest, layout)


def test_values_stand_in_the_order_of_the_whole_space_and_the_rest_is_absent(manifest):
    said = read(manifest, valence=0.5, expression=[0.2, 0.8], action_units=[0.3, 0.7])
    assert said.valence == 0.5
    assert said.expression == "Happiness"
    by_label = dict(zip(ABAW_EXPRESSIONS.labels, said.expression_probs, strict=True))
    assert by_label["Happiness"] == pytest.approx(0.8)
    assert {label for label, p in by_label.items() if np.isnan(p)} == set(
        ABAW_EXPRESSIONS.labels
    ) - {"Neutral", "Happiness"}
    present = dict(zip(ABAW_ACTION_UNITS.labels, said.action_units_present, strict=True))
    assert (present["AU04"], present["AU12"], present["AU01"]) == (False, True, None)


def test_a_unit_is_present_from_its_own_threshold_on(manifest):
    units = dataclasses.replace(manifest.action_units, thresholds=(0.25, 0.75))
    changed = dataclasses.replace(manifest, action_units=units)
    present = read(changed, action_units=[0.25, 0.74]).action_units_present
    known = [one for one in present if one is not None]
    assert known == [True, False]


def test_the_bias_shifts_the_choice_and_probabilities_still_sum_to_one(manifest):
    output = ExpressionOutput(
        space=ABAW_EXPRESSIONS, predicted=("Neutral", "Happiness"), bias=(np.log(9.0), 0.0)
    )
    assert biased(np.float32([0.2, 0.8]), output) == pytest.approx(
        [9 * 0.2 / 2.6, 0.8 / 2.6]
    )
    changed = dataclasses.replace(manifest, expression=output)
    assert read(changed, expression=[0.2, 0.8]).expression == "Neutral"


def test_the_spread_is_absent_with_one_member_and_there_with_two(manifest):
    assert np.isnan(read(manifest).valence_sd)
    two = dataclasses.replace(manifest, members=manifest.members * 2)
    said = read(two, **{"spread valence": 0.3})
    assert said.valence_sd == pytest.approx(0.3)


def test_tasks_that_are_not_predicted_stay_absent(manifest):
    bare = dataclasses.replace(
        manifest, predicts_arousal=False, expression=None, action_units=None
    )
    said = read(bare, valence=0.1)
    assert np.isnan(said.arousal)
    assert said.expression is said.expression_probs is said.action_unit_probs is None


def test_each_task_is_smoothed_with_its_own_width(manifest):
    smoothing = Smoothing(
        valence_arousal_sd_s=0.1, expression_sd_s=0.2, action_units_sd_s=0.3
    )
    changed = dataclasses.replace(manifest, smoothing=smoothing)
    layout = layout_of(changed)
    widths = smoothing_widths(changed, layout)
    assert widths[layout.columns["valence"]] == 0.1
    assert set(widths[layout.columns["expression"]]) == {0.2}
    assert set(widths[layout.columns["action_units"]]) == {0.3}
