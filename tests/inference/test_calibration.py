import dataclasses

import numpy as np
import pytest

from wildaffect.core.tasks import Task
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.calibration import (
    Calibration,
    apply_calibration,
    expression_probs,
    unit_probs,
)
from wildaffect.inference.model import layout_of
from wildaffect.inference.postprocess import smoothing_by_column, to_affect
from wildaffect.inference.smoothing import (
    Box,
    CausalExponential,
    Gaussian,
    Smoothing,
    smooth,
)
from wildaffect.inference.streaming_smoother import StreamingSmoother

FULL = Calibration(
    smoothing=Smoothing(
        valence=Gaussian(sd_s=0.3),
        arousal=CausalExponential(time_constant_s=0.2),
        expression=Box(width_s=1.0),
        action_units=Gaussian(sd_s=0.1),
    ),
    expression_temperature=1.7,
    action_units_temperature=0.6,
    expression_bias=(0.5, -0.5),
    action_unit_thresholds=(0.3, 0.7),
)


def two_labels(outputs):
    """The first two classes and units alone, as the toy artifact has them."""
    probs = dict(outputs.probs)
    classes = probs[Task.EXPRESSION][:, :2].astype(float)
    probs[Task.EXPRESSION] = (classes / classes.sum(1, keepdims=True)).astype(np.float32)
    probs[Task.ACTION_UNITS] = probs[Task.ACTION_UNITS][:, :2]
    return dataclasses.replace(outputs, probs=probs)


def test_offline_and_stream_say_the_same_row_by_row(noisy_model, toy):
    outputs = two_labels(noisy_model(num_videos=1, num_rows=120)[0][0])
    manifest = dataclasses.replace(load_artifact(toy()).manifest, calibration=FULL)
    layout = layout_of(manifest)
    rows = np.zeros((len(outputs), layout.num_columns), np.float32)
    for task, values in outputs.probs.items():
        rows[:, layout.columns[task]] = values.reshape(len(outputs), -1)
    smoother = StreamingSmoother(smoothing_by_column(manifest, layout))
    done = [
        row
        for time_s, values in zip(outputs.time_s.tolist(), rows, strict=True)
        for row in smoother.push(time_s, values)
    ]
    affects = [to_affect(row, manifest, layout) for row in [*done, *smoother.finish()]]
    whole = apply_calibration(outputs, FULL)
    for task in (Task.VALENCE, Task.AROUSAL):
        streamed = [getattr(affect, task) for affect in affects]
        np.testing.assert_allclose(streamed, whole.outputs.probs[task], 1e-5, 1e-6)
    names = manifest.expression.predicted
    assert [affect.expression for affect in affects] == [names[c] for c in whole.expression]
    units = [
        [item for item in affect.action_units_present if item is not None]
        for affect in affects
    ]
    np.testing.assert_array_equal(units, whole.action_units.astype(bool))
    probs = np.stack([affect.action_unit_probs for affect in affects])
    known = probs[:, ~np.isnan(probs[0])]
    np.testing.assert_allclose(known, whole.outputs.probs[Task.ACTION_UNITS], 1e-5, 1e-6)


def test_smoothing_comes_before_temperature_and_bias(noisy_model):
    outputs = two_labels(noisy_model(num_videos=1)[0][0])
    smoothed = smooth(outputs.probs[Task.EXPRESSION], outputs.time_s, Box(width_s=1.0))
    logits = np.log(smoothed.astype(float)) / 1.7 + [0.5, -0.5]
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    model_outputs = apply_calibration(outputs, FULL)
    np.testing.assert_allclose(
        model_outputs.outputs.probs[Task.EXPRESSION], expected, rtol=1e-5
    )
    np.testing.assert_array_equal(model_outputs.expression, expected.argmax(1))


def test_temperatures_divide_logits_and_certain_probabilities_stay_certain():
    probs = np.float32([0.0, 0.2, 0.9, 1.0])
    hot = unit_probs(probs, Calibration(action_units_temperature=2.0))
    logits = np.log([0.2 / 0.8, 0.9 / 0.1]) / 2
    np.testing.assert_allclose(hot[1:3], 1 / (1 + np.exp(-logits)), rtol=1e-6)
    assert (hot[0], hot[3]) == (0.0, 1.0)
    cold = expression_probs(np.float32([0.0, 1.0]), Calibration(expression_temperature=0.1))
    np.testing.assert_array_equal(cold, [0.0, 1.0])


def test_without_calibration_outputs_stay_as_they_are(noisy_model):
    outputs = noisy_model(num_videos=1)[0][0]
    model_outputs = apply_calibration(outputs, Calibration())
    for task, values in outputs.probs.items():
        np.testing.assert_array_equal(model_outputs.outputs.probs[task], values)
    np.testing.assert_array_equal(
        model_outputs.expression, outputs.probs[Task.EXPRESSION].argmax(1)
    )
    np.testing.assert_array_equal(
        model_outputs.action_units, outputs.probs[Task.ACTION_UNITS] >= np.float32(0.5)
    )


def test_the_spread_is_smoothed_as_its_task(noisy_model):
    outputs = two_labels(noisy_model(num_videos=1)[0][0])
    spread = np.abs(outputs.probs[Task.VALENCE])
    model_outputs = apply_calibration(
        dataclasses.replace(outputs, spread={Task.VALENCE: spread}), FULL
    )
    expected = smooth(spread[:, None], outputs.time_s, Gaussian(sd_s=0.3))[:, 0]
    np.testing.assert_array_equal(model_outputs.outputs.spread[Task.VALENCE], expected)


def test_tasks_that_are_not_predicted_are_not_decided(noisy_model):
    outputs = noisy_model(num_videos=1)[0][0]
    bare = dataclasses.replace(outputs, probs={Task.VALENCE: outputs.probs[Task.VALENCE]})
    model_outputs = apply_calibration(bare, Calibration())
    assert model_outputs.expression is model_outputs.action_units is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"expression_temperature": 0.0},
            "expression_temperature must be above 0, got 0.0",
        ),
        ({"action_units_temperature": -1.0}, "action_units_temperature must be above 0"),
        ({"expression_bias": (0.0, float("nan"))}, "expression_bias must be finite"),
        ({"expression_margin": 1.0}, r"expression_margin must be in \[0, 1\), got 1"),
        ({"expression_margin": -0.1}, r"expression_margin must be in \[0, 1\)"),
        (
            {"action_unit_thresholds": (0.2, 1.5)},
            r"action_unit_thresholds must be in \[0, 1\], got 1.5",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Calibration(**fields)


def test_one_bias_and_one_threshold_for_each_label_are_needed(noisy_model):
    outputs = noisy_model(num_videos=1)[0][0]
    with pytest.raises(ValueError, match="expression_bias must be one for each of 8"):
        apply_calibration(outputs, Calibration(expression_bias=(1.0,)))
    with pytest.raises(
        ValueError, match="action_unit_thresholds must be one for each of 12"
    ):
        apply_calibration(outputs, Calibration(action_unit_thresholds=(0.5,)))
