import dataclasses
from operator import attrgetter

import numpy as np
import pytest

from wildaffect.calibration.expression_bias import (
    CoordinateAscent,
    LogitAdjustment,
    fit_bias,
)
from wildaffect.calibration.fitting import CalibrationFit, cross_fit, fit_calibration
from wildaffect.calibration.smoothing_choice import CAUSAL_GRIDS, SmoothingGrids
from wildaffect.calibration.temperature import expression_temperature, unit_temperature
from wildaffect.calibration.thresholds import (
    ThresholdSweep,
    best_threshold,
    common_threshold,
    fit_thresholds,
)
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import EvaluationError
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.inference.smoothing import CausalExponential, Gaussian
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts

SCORES = ("ccc_valence", "ccc_arousal", "macro_f1_expression", "mean_f1_action_units")
GRID = (None, Gaussian(sd_s=0.1), Gaussian(sd_s=0.4), Gaussian(sd_s=5.0))
SMALL = CalibrationFit(
    grids=SmoothingGrids(valence=GRID, arousal=GRID, expression=GRID, action_units=GRID)
)


def thirds(outputs):
    names = [output.video for output in outputs]
    return [names[start::3] for start in range(3)]


def test_each_step_gains_out_of_sample_where_the_truth_is_slow_and_units_are_rare(
    noisy_model,
):
    outputs, targets = noisy_model(shift=-1.5)
    fitted = cross_fit(outputs, targets, thirds(outputs), SMALL)
    held = [step.out_of_sample.pooled() for step in fitted.steps]
    assert [step.name for step in fitted.steps] == [
        "raw",
        "smoothing",
        "bias and thresholds",
    ]
    for name in SCORES:
        assert attrgetter(name)(held[1]) > attrgetter(name)(held[0]) + 0.01
    assert held[2].mean_f1_action_units > held[1].mean_f1_action_units + 0.02
    smoothing = fitted.calibration.smoothing
    assert smoothing.valence == smoothing.expression == Gaussian(sd_s=0.4)
    assert len(fitted.fold_calibrations) == 3


def test_raw_scores_are_the_same_in_and_out_of_sample_and_fitted_ones_show_the_loss(
    noisy_model,
):
    outputs, targets = noisy_model(num_videos=6, noise=2.0)
    fitted = cross_fit(outputs, targets, thirds(outputs), SMALL)
    raw, _, last = fitted.steps
    assert raw.in_sample.pooled().p_mtl == raw.out_of_sample.pooled().p_mtl
    assert last.in_sample.pooled().p_mtl > last.out_of_sample.pooled().p_mtl


def test_a_held_out_fold_has_no_say_in_how_it_is_calibrated(noisy_model):
    outputs, targets = noisy_model(num_videos=6)
    folds = thirds(outputs)
    changed = dict(targets)
    for video in folds[0]:
        one = targets[video]
        flipped = dataclasses.replace(
            one,
            valence=TaskColumn(-one.valence.values, one.valence.valid),
            action_units=TaskColumn(1 - one.action_units.values, one.action_units.valid),
        )
        changed[video] = flipped
    first, other = (
        cross_fit(outputs, each, folds, SMALL).fold_calibrations
        for each in (targets, changed)
    )
    assert first[0] == other[0]
    assert first[1] != other[1]


def test_labels_that_are_not_valid_change_nothing(noisy_model):
    outputs, targets = noisy_model(num_videos=4)
    rng = np.random.default_rng(0)
    hidden, spoilt = {}, {}
    for video, target in targets.items():
        masked, wrong = {}, {}
        for task in ABAW_TASKS:
            values = target[task].values
            valid = rng.random(values.shape) < 0.7
            masked[task] = TaskColumn(values, valid)
            other = np.where(valid, values, 1).astype(values.dtype)
            wrong[task] = TaskColumn(other, valid)
        hidden[video] = dataclasses.replace(target, **masked)
        spoilt[video] = dataclasses.replace(target, **wrong)
    assert fit_calibration(outputs, hidden, SMALL) == fit_calibration(
        outputs, spoilt, SMALL
    )


def test_causal_grids_give_causal_smoothing(noisy_model):
    fit = CalibrationFit(grids=CAUSAL_GRIDS, expression=None, action_units=None)
    calibration = fit_calibration(*noisy_model(num_videos=4), fit)
    assert isinstance(calibration.smoothing.valence, CausalExponential)
    assert calibration.expression_bias == calibration.action_unit_thresholds == ()


def test_tasks_that_are_not_predicted_are_left_alone(noisy_model):
    outputs, targets = noisy_model(num_videos=4)
    bare = [
        dataclasses.replace(output, probs={Task.VALENCE: output.probs[Task.VALENCE]})
        for output in outputs
    ]
    fitted = cross_fit(bare, targets, thirds(bare), SMALL)
    assert fitted.calibration.smoothing.arousal is None
    scores = fitted.steps[-1].out_of_sample.pooled()
    assert scores.ccc_valence > 0.5
    assert np.isnan(scores.macro_f1_expression)


def test_what_does_not_fit_together_is_named(noisy_model):
    outputs, targets = noisy_model(num_videos=3, num_rows=40)
    folds = thirds(outputs)
    with pytest.raises(EvaluationError, match="at least one video, got none"):
        fit_calibration([], targets)
    with pytest.raises(EvaluationError, match="video0: must have outputs once"):
        fit_calibration([outputs[0], outputs[0]], targets)
    with pytest.raises(EvaluationError, match="video0: outputs must have labels, got none"):
        fit_calibration(outputs, {})
    short = targets | {"video1": targets["video1"].take_columns(slice(0, 30))}
    with pytest.raises(EvaluationError, match=r"labels must be of the 40 rows .* got 30"):
        fit_calibration(outputs, short)
    part = dataclasses.replace(
        outputs[1], probs={Task.VALENCE: outputs[1].probs["valence"]}
    )
    with pytest.raises(EvaluationError, match="video1: tasks must be those of video0"):
        fit_calibration([outputs[0], part], targets)
    with pytest.raises(EvaluationError, match="each of the 3 videos with outputs once"):
        cross_fit(outputs, targets, folds[:2])


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_of_the_sweep_is_the_best_there_is(seed):
    rng = np.random.default_rng(seed)
    probs = rng.random(200).astype(np.float32).round(2)  # with ties
    present = rng.random(200) < probs
    best = best_threshold(probs, present)

    def f1(threshold):
        predicted = (probs >= np.float32(threshold)).astype(int)
        return UnitCounts.of(present[:, None].astype(int), predicted[:, None]).mean_f1()

    tried = [f1(t) for t in [*np.unique(probs), 0.0, 1.01]]
    assert f1(best) == pytest.approx(max(tried))


def test_neighboring_probabilities_are_distinguished_by_the_threshold_between_them():
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    threshold = np.float32(best_threshold(np.array([low, high]), np.array([False, True])))
    assert low < threshold <= high


def test_a_unit_seen_in_few_videos_is_drawn_to_the_threshold_of_all():
    rng = np.random.default_rng(0)
    video = np.repeat(np.arange(20), 50)
    probs = rng.random((1000, 3)).astype(np.float32)
    target = (probs > [0.4, 0.4, 0.9]).astype(np.int8)
    target[video > 0, 2] = 0  # the third unit is seen in one video only
    valid = np.ones(target.shape, bool)
    common = common_threshold(probs, target == 1, valid)
    own, drawn = (
        fit_thresholds(probs, target, valid, video, sweep=ThresholdSweep(prior_videos=p))
        for p in (0.0, 8.0)
    )
    assert own[0] == pytest.approx(0.4, abs=0.01)
    way = (logit(drawn[2]) - logit(common)) / (logit(own[2]) - logit(common))
    assert way == pytest.approx(1 / 9)  # one video beside eight
    target[:, 2] = 0
    never = fit_thresholds(probs, target, valid, video, sweep=ThresholdSweep())
    assert never[2] == common_threshold(probs, target == 1, valid)
    nothing = fit_thresholds(probs, 0 * target, valid, video, sweep=ThresholdSweep())
    assert nothing == (0.5, 0.5, 0.5)


def logit(prob):
    return np.log(prob / (1 - prob))


def labeled_classes(seed, num_rows=600):
    """Class probabilities whose logits are off by a known bias."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(num_rows, 4)) * 2
    target = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    off = logits + np.array([1.5, 0.0, -1.0, 0.0])
    powers = np.exp(off - off.max(1, keepdims=True))
    probs = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return probs, target, np.arange(num_rows) % 30


def macro_f1(probs, target, bias):
    predicted = (np.log(probs) + np.array(bias)).argmax(1)
    return ConfusionCounts.of(target, predicted, 4).macro_f1()


@pytest.mark.parametrize("seed", range(3))
def test_the_ascent_ends_where_no_single_bias_can_be_bettered(seed):
    probs, target, video = labeled_classes(seed)
    bias = np.array(fit_bias(probs, target, video, fit=CoordinateAscent(prior_videos=0)))
    reached = macro_f1(probs, target, bias)
    assert reached > macro_f1(probs, target, 0) + 0.02
    for label in range(4):
        for step in np.linspace(-0.5, 0.5, 21):
            moved = bias + step * (np.arange(4) == label)
            assert macro_f1(probs, target, moved) <= reached + 1e-9


def test_a_known_bias_is_undone_and_one_of_few_videos_is_believed_less():
    probs, target, video = labeled_classes(0, 6000)
    bias = np.array(fit_bias(probs, target, video, fit=CoordinateAscent(prior_videos=0)))
    np.testing.assert_allclose(bias - bias[1], [-1.5, 0, 1.0, 0], atol=0.4)
    few = fit_bias(probs, target, 0 * video, fit=CoordinateAscent(prior_videos=3))
    np.testing.assert_allclose(few, bias / 4, atol=1e-12)


def test_logit_adjustment_has_one_number_and_helps_rare_classes():
    rng = np.random.default_rng(0)
    target = rng.choice(4, 4000, p=[0.7, 0.2, 0.07, 0.03])
    logits = 1.5 * np.eye(4)[target] + rng.normal(size=(4000, 4))
    logits += np.log([0.7, 0.2, 0.07, 0.03])
    powers = np.exp(logits)
    probs = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    bias = np.array(fit_bias(probs, target, target, fit=LogitAdjustment()))
    assert macro_f1(probs, target, bias) > macro_f1(probs, target, 0) + 0.02
    log_share = np.log(np.bincount(target) + 1.0)
    assert np.corrcoef(bias, log_share)[0, 1] == pytest.approx(-1.0)


def test_without_labels_there_is_no_bias():
    nothing = np.zeros(0, np.int64)
    probs = np.zeros((0, 4), np.float32)
    assert fit_bias(probs, nothing, nothing, fit=CoordinateAscent()) == ()


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_temperatures_undo_wrong_certainty(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20000, 4)) * 2
    target = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    powers = np.exp(logits / temperature)
    probs = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    everything = np.ones(len(target), bool)
    fitted = expression_temperature(probs, target, everything)
    assert fitted * temperature == pytest.approx(1.0, rel=0.05)
    units = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int8)
    unit_probs = (1 / (1 + np.exp(-logits / temperature))).astype(np.float32)
    fitted = unit_temperature(unit_probs, units, np.ones(units.shape, bool))
    assert fitted * temperature == pytest.approx(1.0, rel=0.05)


def test_without_labels_the_temperature_is_one():
    probs = np.full((3, 4), 0.25, np.float32)
    nothing = np.zeros(3, bool)
    assert expression_temperature(probs, np.zeros(3, np.int64), nothing) == 1.0
    cells = np.zeros((3, 4), bool)
    assert unit_temperature(probs, np.zeros((3, 4), np.int8), cells) == 1.0


def test_a_set_without_any_expression_label_can_be_fitted(noisy_model):
    outputs, targets = noisy_model(num_videos=3, num_rows=60)
    bare = {
        video: dataclasses.replace(
            target,
            expression=TaskColumn.empty(len(target), target.expression.values.dtype.type),
        )
        for video, target in targets.items()
    }
    calibration = fit_calibration(outputs, bare, SMALL)
    assert calibration.smoothing.expression is None
    assert calibration.expression_bias == ()
