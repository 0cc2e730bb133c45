"""Behavior, annotators and plans: nothing here draws a picture."""

import hashlib
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wildaffect.synth.annotate import annotate
from wildaffect.synth.behavior import Behavior, draw_behavior, envelope
from wildaffect.synth.bursts import EXCLUDES, MAX_TOGETHER
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.motion import FPS, MAX_GAZE
from wildaffect.synth.plan import PlannedVideo, annotations_of, plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.prototypes import CENTERS, EXPRESSIONS
from wildaffect.synth.statistics import (
    ACTION_UNIT_BAND,
    BALANCED,
    EVERYDAY,
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
    named = wild_rows.expression.values[wild_rows.expression.valid]
    shares = np.bincount(named, minlength=8) / len(named)
    np.testing.assert_allclose(shares, WILD_EXPRESSION_SHARES, atol=EXPRESSION_BAND)


def test_wild_action_units_are_as_frequent_as_counted_in_s_aff_wild2(wild_rows):
    coded = wild_rows.action_units.values[wild_rows.action_units.valid.all(1)]
    np.testing.assert_allclose(
        coded.mean(0), WILD_ACTION_UNIT_SHARES, atol=ACTION_UNIT_BAND
    )


def test_wild_labels_are_missing_in_the_pattern_of_the_real_set(wild_rows):
    valid = {
        "v": wild_rows.valence.valid,
        "e": wild_rows.expression.valid,
        "a": wild_rows.action_units.valid.all(1),
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
    np.testing.assert_array_equal(
        wild_rows.valence.values[again], wild_rows.valence.values[again - 1]
    )
    np.testing.assert_array_equal(
        wild_rows.action_units.values[again], wild_rows.action_units.values[again - 1]
    )


def test_balanced_statistics_give_every_class_and_unit_enough_examples():
    preset = replace(PRESETS["bench"], people={"train": 200})
    videos = plan_world(preset, seed=1, statistics="balanced", size_px=64)
    rows = annotations_of(videos, source="test", with_repeats=True)
    named = np.bincount(rows.expression.values[rows.expression.valid], minlength=8)
    assert (named / named.sum()).min() > 0.07
    assert (named / named.sum()).max() < 0.25
    assert rows.action_units.values[rows.action_units.valid.all(1)].mean(0).min() > 0.07


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
    once = draw_behavior((seed,), 90, WILD)
    again = draw_behavior((seed,), 90, WILD)
    for name in ("intensities", "valence", "arousal", "pose", "gaze", "expression"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    assert once.intensities.min() >= 0
    assert once.intensities.max() <= 1
    assert np.abs([once.valence, once.arousal]).max() <= 1
    assert np.abs(once.gaze).max() <= MAX_GAZE
    assert set(np.unique(once.expression)) <= set(range(8))


KNOWN = {
    "balanced": "c5e383c02bc4fe247e6146c064b2b7445b5aefc597a9ddb12bdccc8311862f34",
    "wild": "73403bc3d62e70ddaa23be4efd492f195b22ffbd7a731925b53d86da4724f4ed",
}
"""SHA-256 of what version 2 of the generated world drew, which had no other statistics."""


@pytest.mark.parametrize("statistics", [BALANCED, WILD], ids=lambda s: s.name)
def test_older_statistics_give_the_behavior_that_they_always_gave(statistics):
    digest = hashlib.sha256()
    for seed in range(3):
        drawn = draw_behavior((seed,), 300, statistics)
        fields = (
            drawn.intensities[:, :21], drawn.valence, drawn.arousal, drawn.expression,
            drawn.pose, drawn.gaze, drawn.talking,
        )  # fmt: skip
        for values in fields:
            digest.update(np.round(1e4 * values).astype(np.int64).tobytes())
        assert not drawn.intensities[:, 21:].any()
        np.testing.assert_array_equal(drawn.intensities_left, drawn.intensities_right)
    assert digest.hexdigest() == KNOWN[statistics.name]


@pytest.fixture(scope="module")
def everyday() -> Behavior:
    """Two hours of it, ends put together."""
    drawn = [draw_behavior((seed, 5), 1800, EVERYDAY) for seed in range(120)]
    return Behavior(
        **{
            field.name: np.concatenate([getattr(item, field.name) for item in drawn])
            for field in fields(Behavior)
        }
    )


def test_everyday_statistics_show_every_expression_and_action_unit(everyday):
    shares = np.bincount(everyday.expression, minlength=8) / len(everyday)
    assert shares[1:].min() > 0.05
    assert shares[0] == pytest.approx(0.33, abs=0.05)
    assert everyday.talking.mean() == pytest.approx(0.37, abs=0.05)
    for number in DRAWN:
        shown = everyday.intensities[:, COLUMN[number]]
        assert (shown > 0.3).mean() > 0.005, number
        strong = shown[shown > 0.1]
        assert (strong < 0.3).mean() > 0.1, number
        assert (strong > 0.6).mean() > 0.05, number


def test_everyday_faces_keep_to_anatomy(everyday):
    for number, others in EXCLUDES.items():
        for side in (everyday.intensities_left, everyday.intensities_right):
            for other in others:
                both = np.minimum(side[:, COLUMN[number]], side[:, COLUMN[other]])
                assert both.max() < MAX_TOGETHER, (number, other)
    for pair in ((24, 25), (28, 25), (28, 26), (43, 5)):
        assert pair[1] in EXCLUDES[pair[0]]
    parted = everyday.intensities[:, COLUMN[25]]
    pressed = everyday.intensities[:, [COLUMN[24], COLUMN[28]]].max(1) > 0.01
    for number in (9, 10, 26):
        pulled = everyday.intensities[:, COLUMN[number]] > 0.6
        assert parted[pulled & ~pressed].min() > 0.15


def test_everyday_bursts_are_often_of_one_side_and_the_truth_says_which(everyday):
    left, right = everyday.intensities_left, everyday.intensities_right
    np.testing.assert_array_equal(everyday.intensities, np.maximum(left, right))
    for number in (2, 4, 9, 10, 12, 14, 15, 43):
        uneven = left[:, COLUMN[number]] - right[:, COLUMN[number]]
        assert (uneven > 0.3).any(), number
        assert (uneven < -0.3).any(), number
    for number in (1, 17, 18, 23, 24, 25, 26, 28):
        np.testing.assert_array_equal(left[:, COLUMN[number]], right[:, COLUMN[number]])


def test_everyday_affect_of_the_face_follows_its_expression(everyday):
    for name, (valence, arousal, _) in CENTERS.items():
        rows = everyday.expression == EXPRESSIONS.index(name)
        strong = rows & (everyday.expression_strength > 0.8)
        if name == "Neutral":
            assert np.abs(everyday.face_valence[rows]).mean() < 0.02
            assert not everyday.expression_strength[rows].any()
            continue
        assert everyday.face_valence[strong].mean() == pytest.approx(valence, abs=0.2)
        assert everyday.face_arousal[strong].mean() == pytest.approx(arousal, abs=0.2)
    blank = everyday.intensities.max(1) < 0.02
    assert blank.sum() > 50
    assert (np.abs(everyday.face_valence[blank]) > 0.2).mean() < 0.01


def test_annotators_are_late_but_see_the_state():
    lags, likeness = [], []
    for seed in range(20):
        behavior = draw_behavior((seed,), 900, BALANCED)
        labels = annotate(behavior, (seed,), BALANCED)
        truth = behavior.valence
        scores = [
            np.corrcoef(truth[: len(truth) - lag or None], labels.valence.values[lag:])[
                0, 1
            ]
            for lag in range(0, 60, 3)
        ]
        lags.append(3 * int(np.argmax(scores)) / FPS)
        likeness.append(max(scores))
    assert 0.2 < np.mean(lags) < 1.4
    assert np.median(likeness) > 0.9


def test_annotating_changes_nothing_of_the_truth():
    behavior = draw_behavior((3,), 120, WILD)
    before = behavior.intensities.copy()
    annotate(behavior, (3,), WILD)
    np.testing.assert_array_equal(behavior.intensities, before)


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
