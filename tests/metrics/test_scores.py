import json
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.columns import TaskColumn
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import Task
from wildaffect.metrics.scores import VideoStatistics, score

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "metrics" / "by_hand.json").read_text()
)


def same(one, other):
    for entry in fields(one):
        if is_dataclass(getattr(one, entry.name)):
            same(getattr(one, entry.name), getattr(other, entry.name))
            continue
        np.testing.assert_allclose(
            getattr(one, entry.name),
            getattr(other, entry.name),
            atol=1e-9,
            err_msg=entry.name,
        )


def some_rows(annotations, predictions, rows):
    """Cut both to `rows`, every column of them."""
    cut_annotations = replace(
        annotations,
        images=tuple(annotations.images[row] for row in rows),
        **{
            f.name: getattr(annotations, f.name)[rows]
            for f in fields(annotations)
            if isinstance(getattr(annotations, f.name), np.ndarray)
        },
        **annotations.take_columns(rows).columns(),
    )
    cut_predictions = replace(predictions, **predictions.take_columns(rows).columns())
    return cut_annotations, cut_predictions


def spoil(column, value):
    """Put a value where there is none."""
    return TaskColumn(np.where(column.valid, column.values, value), column.valid)


def by_formula(annotations, predictions, f1_score):
    """P_MTL from the definitions, frame by frame, with scikit-learn for F1."""

    def both(task):
        target, pred = annotations[task], predictions[task]
        return target.values, pred.values, target.valid & pred.valid

    total = 0.0
    for task in (Task.VALENCE, Task.AROUSAL):
        target, pred, mask = both(task)
        t, p = target[mask].astype(np.float64), pred[mask]
        covariance = np.mean((t - t.mean()) * (p - p.mean()))
        total += covariance / (t.var() + p.var() + (t.mean() - p.mean()) ** 2)
    target, pred, mask = both(Task.EXPRESSION)
    total += f1_score(
        target[mask], pred[mask], labels=range(8), average="macro", zero_division=0
    )
    target, pred, mask = both(Task.ACTION_UNITS)
    units = [
        f1_score(t[m], p[m], zero_division=0)
        for t, p, m in zip(target.T, pred.T, mask.T, strict=True)
    ]
    return total + np.mean(units)


@pytest.mark.parametrize("seed", range(3))
def test_the_multi_task_score_is_that_of_the_definitions(sklearn_metrics, invented, seed):
    annotations, predictions = invented.make(seed)
    assert score(annotations, predictions).p_mtl == pytest.approx(
        by_formula(annotations, predictions, sklearn_metrics.f1_score), abs=1e-9
    )


@pytest.mark.golden
def test_the_multi_task_score_worked_out_by_hand_is_met(invented):
    spaces = invented.spaces(8, 4)
    valence, arousal = GOLDEN["agreement"][:2]
    expression, units = GOLDEN["expression"], GOLDEN["action_units"]

    def padded(values):
        column = np.array(values)
        return np.concatenate(
            [column, np.zeros((6 - len(column), *column.shape[1:]), column.dtype)]
        )

    first = np.arange(6) < 3
    truth = {
        "valence": padded(valence["target"]),
        "arousal": padded(arousal["target"]),
        "expression": np.array(expression["target"]),
        "action_units": padded(units["target"]),
    }
    predicted = {
        "valence": padded(valence["pred"]).astype(float),
        "arousal": padded(arousal["pred"]).astype(float),
        "expression": np.array(expression["pred"]),
        "action_units": padded(units["pred"]),
    }
    masks = {
        "valence": first,
        "arousal": first,
        "expression": np.ones(6, bool),
        "action_units": padded(units["valid"]),
    }
    annotations = invented.annotated(
        6,
        np.array([0, 0, 1, 1, 2, 2]),
        ("a", "b", "c"),
        ("a", "b", "c"),
        truth,
        masks,
        spaces,
    )
    predictions = Predictions(
        spaces=spaces,
        **{name: TaskColumn(predicted[name], masks[name]) for name in predicted},
    )
    wanted = float(Fraction(*GOLDEN["p_mtl"]["value"]))
    assert score(annotations, predictions).p_mtl == pytest.approx(wanted, abs=1e-12)


def test_a_perfect_prediction_of_all_labels_scores_3(invented):
    annotations, predictions = invented.make(labeled=1.0)
    perfect = replace(predictions, **annotations.columns())
    assert score(annotations, perfect).p_mtl == pytest.approx(3, abs=1e-12)


def test_scores_are_pooled_over_frames_and_not_averaged_over_videos(invented):
    annotations, predictions = invented.make()
    statistics = VideoStatistics.of(annotations, predictions)
    averaged = statistics.per_video().ccc_valence.mean()
    assert abs(statistics.pooled().ccc_valence - averaged) > 1e-6


@given(st.integers(0, 5), st.lists(st.integers(0, 300), max_size=4))
def test_streaming_in_parts_and_in_any_order_equals_the_pooled_value(invented, seed, cuts):
    annotations, predictions = invented.make(seed)
    order = np.random.default_rng(seed).permutation(300)
    parts = [part for part in np.split(order, sorted(cuts)) if len(part)]
    statistics = VideoStatistics.of(*some_rows(annotations, predictions, parts[0]))
    for part in parts[1:]:
        statistics = statistics.update(*some_rows(annotations, predictions, part))
    same(statistics.pooled(), score(annotations, predictions))
    same(statistics.per_video(), VideoStatistics.of(annotations, predictions).per_video())


def test_merging_takes_equal_names_as_one_video_and_adds_the_others(invented):
    one = VideoStatistics.of(*invented.make(1, num_videos=3))
    other = VideoStatistics.of(*invented.make(2, num_videos=5))
    merged = one.merge(other)
    assert merged.videos == other.videos
    assert merged.subjects == other.subjects
    assert merged.pooled().num_valence == (
        one.pooled().num_valence + other.pooled().num_valence
    )
    same(merged.pooled(), other.merge(one).pooled())


def test_each_video_and_each_subject_scores_as_if_it_were_alone(invented):
    annotations, predictions = invented.make()
    statistics = VideoStatistics.of(annotations, predictions)
    names, subjects = statistics.per_subject()
    assert names == ("person0", "person1", "person2")
    videos = statistics.per_video()
    for index in range(3):
        rows = np.flatnonzero(annotations.video_index == index)
        alone = score(*some_rows(annotations, predictions, rows))
        assert videos.p_mtl[index] == pytest.approx(alone.p_mtl, abs=1e-9)
        rows = np.flatnonzero(annotations.video_index // 2 == index)
        alone = score(*some_rows(annotations, predictions, rows))
        assert subjects.p_mtl[index] == pytest.approx(alone.p_mtl, abs=1e-9)


def test_what_is_not_labeled_or_not_predicted_changes_nothing(invented):
    annotations, predictions = invented.make()
    spoilt_annotations = replace(
        annotations,
        valence=spoil(annotations.valence, np.nan),
        expression=spoil(annotations.expression, -1),
        action_units=spoil(annotations.action_units, -1),
    )
    spoilt = replace(
        predictions,
        arousal=spoil(predictions.arousal, np.nan),
        expression=spoil(predictions.expression, 77),
    )
    same(score(spoilt_annotations, spoilt), score(annotations, predictions))


def test_a_repeated_row_counts_as_often_as_it_stands(invented):
    annotations, predictions = invented.make()
    twice = np.repeat(np.arange(300), 2)
    once = score(annotations, predictions)
    double = score(*some_rows(annotations, predictions, twice))
    assert double.p_mtl == pytest.approx(once.p_mtl, abs=1e-9)
    assert double.num_valence == 2 * once.num_valence


def test_a_task_without_labels_has_no_score_and_takes_the_sum_with_it(invented):
    annotations, predictions = invented.make()
    without = replace(
        annotations, arousal=TaskColumn(annotations.arousal.values, np.zeros(300, bool))
    )
    scores = score(without, predictions)
    assert scores.num_arousal == 0
    undefined = [scores.ccc_arousal, scores.mse_arousal, scores.mean_ccc, scores.p_mtl]
    assert np.isnan(undefined).all()
    assert scores.macro_f1_expression > 0


def test_a_video_without_any_row_is_undefined_alone_and_harmless_in_the_pool(invented):
    annotations, predictions = invented.make()
    more = replace(
        annotations,
        videos=("empty", *annotations.videos),
        subjects=("nobody", *annotations.subjects),
        video_index=annotations.video_index + 1,
    )
    statistics = VideoStatistics.of(more, predictions)
    assert np.isnan(statistics.per_video().p_mtl[0])
    same(statistics.pooled(), score(annotations, predictions))
    same(statistics.pooled(np.ones(7, int)), score(annotations, predictions))


def test_weights_count_videos_as_if_their_rows_were_repeated(invented):
    annotations, predictions = invented.make()
    weights = np.array([2, 0, 1, 0, 3, 1])
    rows = np.repeat(np.arange(300), weights[annotations.video_index])
    statistics = VideoStatistics.of(annotations, predictions)
    same(statistics.pooled(weights), score(*some_rows(annotations, predictions, rows)))
    both = statistics.pooled([weights, np.ones(6, int)])
    assert both.p_mtl.shape == (2,)
    assert both.f1_expression.shape == (2, 8)
    assert both.p_mtl[1] == pytest.approx(statistics.pooled().p_mtl, abs=1e-9)


def test_predictions_for_other_rows_or_labels_are_refused(invented):
    annotations, predictions = invented.make()
    with pytest.raises(ValueError, match=r"one row per annotated row \(300\), got 200"):
        score(annotations, invented.make(rows=200)[1])
    with pytest.raises(ValueError, match="label spaces must be the same on both sides"):
        score(annotations, invented.make(units=8)[1])
    statistics = VideoStatistics.of(annotations, predictions)
    with pytest.raises(ValueError, match="label spaces must be the same on both sides"):
        statistics.merge(VideoStatistics.of(*invented.make(units=8)))
    with pytest.raises(ValueError, match="video video0: subject must be the same"):
        statistics.merge(replace(statistics, subjects=("x", *statistics.subjects[1:])))
