"""Behaviour, annotators and plans: nothing here draws a picture."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.synth.annotate import annotate
from wildaffect.synth.behaviour import FPS, MAX_GAZE, draw_behaviour, envelope
from wildaffect.synth.plan import PlannedVideo, annotations_of, plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.statistics import (
    ACTION_UNIT_BAND,
    BALANCED,
    EXPRESSION_BAND,
    VALID_BAND,
    WILD,
    WILD_ACTION_UNIT_SHARES,
    WILD_EXPRESSION_SHARES,
    WILD_VALID_SHARES,
    draw_frame_numbers,
)


@pytest.fixture(scope="module")
def wild_videos() -> list[PlannedVideo]:
    preset = replace(PRESETS["wild"], people={"train": 300})
    return plan_world(preset, seed=0, statistics="wild", size_px=112)


@pytest.fixture(scope="module")
def wild_rows(wild_videos):
    return annotations_of(wild_videos, source="test", with_repeats=True)


def test_wild_expressions_are_as_frequent_as_counted_in_s_aff_wild2(wild_rows):
    named = wild_rows.expression[wild_rows.expression_valid]
    shares = np.bincount(named, minlength=8) / len(named)
    np.testing.assert_allclose(shares, WILD_EXPRESSION_SHARES, atol=EXPRESSION_BAND)


def test_wild_action_units_are_as_frequent_as_counted_in_s_aff_wild2(wild_rows):
    coded = wild_rows.action_units[wild_rows.action_units_valid.all(1)]
    np.testing.assert_allclose(
        coded.mean(0), WILD_ACTION_UNIT_SHARES, atol=ACTION_UNIT_BAND
    )


def test_wild_labels_are_missing_in_the_pattern_of_the_real_set(wild_rows):
    valid = {
        "v": wild_rows.valence_valid,
        "e": wild_rows.expression_valid,
        "a": wild_rows.action_units_valid.all(1),
    }
    for letter, mask in valid.items():
        assert mask.mean() == pytest.approx(WILD_VALID_SHARES[letter], abs=VALID_BAND)
    every = valid["v"] & valid["e"] & valid["a"]
    assert every.mean() == pytest.approx(WILD_VALID_SHARES["vea"], abs=VALID_BAND)
    assert (valid["v"] | valid["e"] | valid["a"]).all()
    constant = [
        len(np.unique(every[wild_rows.video_index == video])) == 1 for video in range(300)
    ]
    assert np.mean(constant) > 0.7


def test_wild_rows_are_spaced_and_repeated_as_in_the_real_set(wild_videos, wild_rows):
    gaps = np.concatenate([np.diff(video.frame_numbers) for video in wild_videos])
    assert np.median(gaps) == 4
    assert gaps.mean() == pytest.approx(8.45, rel=0.12)
    assert gaps.max() <= 543
    repeated = 1 - len(set(wild_rows.images)) / len(wild_rows)
    assert repeated == pytest.approx(951 / 142_382, abs=0.004)


def test_a_repeated_row_is_an_exact_copy_of_the_one_before(wild_rows):
    names = np.array(wild_rows.images)
    again = np.flatnonzero(names[1:] == names[:-1]) + 1
    assert len(again) > 20
    np.testing.assert_array_equal(wild_rows.valence[again], wild_rows.valence[again - 1])
    np.testing.assert_array_equal(
        wild_rows.action_units[again], wild_rows.action_units[again - 1]
    )


def test_balanced_statistics_give_every_class_and_unit_enough_examples():
    preset = replace(PRESETS["bench"], people={"train": 200})
    videos = plan_world(preset, seed=1, statistics="balanced", size_px=64)
    rows = annotations_of(videos, source="test", with_repeats=True)
    named = np.bincount(rows.expression[rows.expression_valid], minlength=8)
    assert (named / named.sum()).min() > 0.07
    assert (named / named.sum()).max() < 0.25
    assert rows.action_units[rows.action_units_valid.all(1)].mean(0).min() > 0.07


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "scenes"])
def test_no_person_is_in_two_splits_or_in_the_world_of_another_seed(name):
    preset = PRESETS[name]
    of_split: dict[str, set[int]] = {}
    for video in plan_world(preset, seed=0, statistics="balanced", size_px=64):
        of_split.setdefault(video.split, set()).add(video.identity)
    other = plan_world(preset, seed=1, statistics="balanced", size_px=64)
    everyone = [*of_split.values(), {video.identity for video in other}]
    assert sum(map(len, everyone)) == len(set().union(*everyone))


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_truth_stays_within_its_ranges_and_follows_from_the_seed(seed):
    once = draw_behaviour((seed,), 90, WILD)
    again = draw_behaviour((seed,), 90, WILD)
    for name in ("intensities", "valence", "arousal", "pose", "gaze", "expression"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    assert once.intensities.min() >= 0
    assert once.intensities.max() <= 1
    assert np.abs([once.valence, once.arousal]).max() <= 1
    assert np.abs(once.gaze).max() <= MAX_GAZE
    assert set(np.unique(once.expression)) <= set(range(8))


def test_annotators_are_late_but_see_the_state():
    lags, likeness = [], []
    for seed in range(20):
        behaviour = draw_behaviour((seed,), 900, BALANCED)
        labels = annotate(behaviour, (seed,), BALANCED)
        truth = behaviour.valence
        scores = [
            np.corrcoef(truth[: len(truth) - lag or None], labels.valence[lag:])[0, 1]
            for lag in range(0, 60, 3)
        ]
        lags.append(3 * int(np.argmax(scores)) / FPS)
        likeness.append(max(scores))
    assert 0.2 < np.mean(lags) < 1.4
    assert np.median(likeness) > 0.9


def test_annotating_changes_nothing_of_the_truth():
    behaviour = draw_behaviour((3,), 120, WILD)
    before = behaviour.intensities.copy()
    annotate(behaviour, (3,), WILD)
    np.testing.assert_array_equal(behaviour.intensities, before)


@given(
    start=st.floats(0, 5),
    onset=st.floats(0.1, 1),
    apex=st.floats(0, 3),
    fall=st.floats(0.1, 1),
)
def test_an_episode_rises_once_and_falls_once(start, onset, apex, fall):
    values = envelope(np.arange(0, 12, 0.05), start, onset, apex, fall)
    assert values.min() >= 0
    assert values.max() <= 1
    steps = np.sign(np.diff(values).round(12))
    assert np.count_nonzero(np.diff(steps[steps != 0])) <= 1


def test_annotated_frames_ascend_from_the_first():
    numbers = draw_frame_numbers(np.random.default_rng(0), WILD, 200)
    assert numbers[0] == 1
    assert (np.diff(numbers) >= 1).all()


def test_planning_a_world_imports_no_renderer():
    code = "import sys, wildaffect.synth.plan; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
