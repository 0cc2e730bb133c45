from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest

from wildaffect.metrics import bootstrap
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.bootstrap import (
    bootstrap_interval,
    interval_text,
    paired_bootstrap,
)
from wildaffect.metrics.scores import VideoStatistics

P_MTL = attrgetter("p_mtl")


@pytest.fixture(scope="module")
def statistics(invented):
    return VideoStatistics.of(*invented.make(0, num_videos=20, rows=1000))


@pytest.fixture(scope="module")
def worse(invented):
    """Another system on the same frames, with more noise."""
    annotations, predictions = invented.make(0, num_videos=20, rows=1000)
    noise = np.random.default_rng(5).normal(0, 0.5, 1000)
    valence = predictions.valence
    noisy = replace(predictions, valence=replace(valence, values=valence.values + noise))
    return VideoStatistics.of(annotations, noisy)


def test_equal_seeds_give_equal_intervals_and_others_do_not(statistics):
    first, again, other = (
        bootstrap_interval(statistics, P_MTL, seed=seed) for seed in (3, 3, 4)
    )
    assert (first.low, first.high) == (again.low, again.high)
    assert first.low != other.low
    assert first.low < first.value < first.high
    assert first.value == statistics.pooled().p_mtl


def test_drawing_in_parts_changes_nothing(statistics, monkeypatch):
    whole = bootstrap_interval(statistics, P_MTL, num_resamples=50)
    monkeypatch.setattr(bootstrap, "MAX_WEIGHTS", 130)
    parts = bootstrap_interval(statistics, P_MTL, num_resamples=50)
    assert parts.num_resamples == 50
    assert (parts.low, parts.high) == pytest.approx((whole.low, whole.high), abs=1e-12)


def test_every_resample_draws_as_many_videos_as_there_are(statistics):
    drawn = []

    def measure(scores):
        drawn.append(scores.num_valence)
        return scores.ccc_valence

    per_video = replace(
        statistics,
        valence=AgreementSums.by_group(
            np.arange(20.0), np.arange(20.0), np.arange(20), num_groups=20
        ),
    )
    bootstrap_interval(per_video, measure, num_resamples=100)
    assert all((count == 20).all() for count in drawn)


def test_every_video_is_as_likely_to_be_drawn_as_any_other():
    (weights,) = bootstrap._draws(7, 5000, 0)
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.06)
    assert (weights.sum(1) == 7).all()


def test_a_wider_level_gives_a_wider_interval(statistics):
    narrow = bootstrap_interval(statistics, P_MTL, level=0.5)
    wide = bootstrap_interval(statistics, P_MTL, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_measure_of_many_values_gives_an_interval_for_each(statistics):
    interval = bootstrap_interval(statistics, attrgetter("f1_expression"))
    assert interval.low.shape == interval.high.shape == interval.value.shape == (8,)
    assert (interval.low < interval.high).all()


def test_resamples_without_a_score_are_left_out_and_counted(statistics):
    one_labeled = np.zeros((20, 8, 8), int)
    one_labeled[0] = statistics.expression.counts[0]
    rare = replace(
        statistics, expression=replace(statistics.expression, counts=one_labeled)
    )
    interval = bootstrap_interval(rare, attrgetter("macro_f1_expression"))
    never_drawn = (1 - 1 / 20) ** 20
    assert interval.num_undefined / 2000 == pytest.approx(never_drawn, abs=0.05)
    assert np.isnan([interval.low, interval.high]).all()  # one video is no sample


@pytest.mark.parametrize(("num_labeled", "has_interval"), [(3, False), (5, True)])
def test_a_score_that_few_of_many_videos_have_labels_for_has_no_interval(
    statistics, num_labeled, has_interval
):
    counts = statistics.expression.counts.copy()
    counts[num_labeled:] = 0
    few = replace(statistics, expression=replace(statistics.expression, counts=counts))
    interval = bootstrap_interval(few, attrgetter("macro_f1_expression"))
    assert np.isfinite(interval.low) == has_interval


def test_a_score_that_is_never_defined_has_no_interval(statistics):
    empty = replace(
        statistics.expression, counts=np.zeros_like(statistics.expression.counts)
    )
    interval = bootstrap_interval(replace(statistics, expression=empty), P_MTL)
    assert np.isnan([interval.value, interval.low, interval.high]).all()
    assert interval.num_undefined == 2000


@pytest.mark.parametrize("num_videos", [20, 80])
@pytest.mark.parametrize("value", [0.0, 0.1 + 0.2])
def test_a_score_that_is_the_same_in_all_resamples_of_few_videos_has_no_interval(
    invented, num_videos, value
):
    statistics = VideoStatistics.of(*invented.make(0, num_videos=num_videos, rows=800))

    def measure(scores):
        rounded = value * (1 + 1e-15 * np.asarray(scores.ccc_valence))
        return np.stack([rounded, scores.ccc_valence], -1)

    interval = bootstrap_interval(statistics, measure, limits=(-1.0, 1.0))
    assert interval.value[0] == pytest.approx(value)
    has_interval = num_videos == 80
    assert np.isfinite([interval.low[0], interval.high[0]]).all() == has_interval
    assert interval.low[1] < interval.value[1] < interval.high[1]


def test_an_interval_ends_where_no_score_can_be(invented):
    statistics = VideoStatistics.of(*invented.make(0, num_videos=4, rows=40))
    measure = attrgetter("f1_action_units")
    free = bootstrap_interval(statistics, measure)
    assert free.high.max() > 1.0
    cut = bootstrap_interval(statistics, measure, limits=(0.0, 1.0))
    np.testing.assert_array_equal(cut.high, np.minimum(free.high, 1.0))
    np.testing.assert_array_equal(cut.low, np.maximum(free.low, 0.0))


@pytest.mark.parametrize("num_videos", [0, 1, 3])
def test_fewer_than_four_videos_have_no_interval(invented, num_videos):
    rows = 50 * num_videos
    annotations, predictions = invented.make(rows=rows, num_videos=max(num_videos, 1))
    if num_videos == 0:
        annotations = replace(annotations, videos=(), subjects=())
    interval = bootstrap_interval(VideoStatistics.of(annotations, predictions), P_MTL)
    assert np.isnan([interval.low, interval.high]).all()
    assert interval.num_videos == num_videos
    assert np.isnan(interval.value) == (num_videos == 0)


@pytest.mark.parametrize("num_videos", [4, 6, 10, 40, 80])
def test_about_the_stated_share_of_intervals_holds_the_truth(statistics, num_videos):
    """Videos of 20 frames about a mean of their own; the true squared error is 1.25.

    Percentile intervals, which are taken from 60 videos on, hold it in 71 % of the draws of
    4 videos and 75 % of 6.
    """
    rng = np.random.default_rng(num_videos)
    held = 0
    for _ in range(300):
        offset = rng.normal(0, 0.5, (num_videos, 1))
        error = (offset + rng.normal(0, 1, (num_videos, 20))).ravel()
        sums = AgreementSums.by_group(
            np.zeros(20 * num_videos),
            error,
            np.repeat(np.arange(num_videos), 20),
            num_groups=num_videos,
        )
        simulated = replace(
            statistics,
            videos=tuple(map(str, range(num_videos))),
            subjects=tuple(map(str, range(num_videos))),
            valence=sums,
            arousal=sums,
            expression=replace(
                statistics.expression, counts=np.zeros((num_videos, 8, 8), int)
            ),
            action_units=statistics.action_units.regrouped(
                np.arange(20) % num_videos, num_videos
            ),
        )
        interval = bootstrap_interval(
            simulated, attrgetter("mse_valence"), level=0.9, num_resamples=300
        )
        held += interval.low <= 1.25 <= interval.high
    assert 0.85 <= held / 300 <= 0.96


def test_comparing_the_other_way_round_mirrors_everything(statistics, worse):
    forth = paired_bootstrap(statistics, worse, P_MTL)
    back = paired_bootstrap(worse, statistics, P_MTL)
    assert forth.difference.value == -back.difference.value > 0
    assert forth.difference.low == pytest.approx(-back.difference.high, abs=1e-12)
    assert forth.difference.high == pytest.approx(-back.difference.low, abs=1e-12)
    assert forth.share_above_0 + back.share_above_0 == pytest.approx(1)
    assert forth.share_above_0 > 0.9
    assert forth.same_frames


def test_a_system_against_itself_is_a_tie(statistics):
    paired = paired_bootstrap(statistics, statistics, P_MTL)
    assert paired.difference.value == paired.difference.low == paired.difference.high == 0
    assert paired.share_above_0 == 0.5


def test_pairing_is_sharper_than_two_separate_intervals(statistics, worse):
    paired = paired_bootstrap(statistics, worse, P_MTL).difference
    apart = [
        bootstrap_interval(s, P_MTL, seed=n) for n, s in enumerate((statistics, worse))
    ]
    assert paired.high - paired.low < sum(i.high - i.low for i in apart)


def test_systems_scored_on_different_frames_are_distinguished(statistics, invented):
    annotations, predictions = invented.make(0, num_videos=20, rows=1000)
    fewer = predictions.valence.valid & (np.arange(1000) > 10)
    valence = replace(predictions.valence, valid=fewer)
    other = VideoStatistics.of(annotations, replace(predictions, valence=valence))
    assert not paired_bootstrap(statistics, other, P_MTL, num_resamples=10).same_frames


def test_other_videos_and_settings_out_of_range_are_refused(statistics):
    renamed = replace(statistics, videos=("x", *statistics.videos[1:]))
    with pytest.raises(
        ValueError, match=r"same videos .* got 20 and 20 videos, 19 of them"
    ):
        paired_bootstrap(statistics, renamed, P_MTL)
    with pytest.raises(ValueError, match="num_resamples must be at least 1, got 0"):
        bootstrap_interval(statistics, P_MTL, num_resamples=0)
    with pytest.raises(ValueError, match=r"level must lie within \(0, 1\), got 95"):
        bootstrap_interval(statistics, P_MTL, level=95)


def test_an_interval_that_ends_at_a_rounded_zero_has_no_minus():
    assert interval_text(-0.0001, 0.2) == "0.000 to 0.200"
    assert interval_text(-0.0001, 0.2, sign=True) == "+0.000 to +0.200"
