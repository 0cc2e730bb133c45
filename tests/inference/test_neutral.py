import dataclasses
from pathlib import Path

import numpy as np
import pytest

import wildaffect
from wildaffect.analysis.neutral import choose_neutral
from wildaffect.analysis.options import build_analyzer
from wildaffect.core.errors import UsageError
from wildaffect.faces.blendshapes import NAMES
from wildaffect.features.geometry import GEOMETRY_NAMES
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import (
    GivenNeutral,
    Neutral,
    PersonNeutral,
    calmness,
    track_changes,
)

PORTRAIT = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
POLICY = NeutralPolicy(
    calm_limits={"mouthSmileLeft": 0.4, "jawOpen": 0.2},
    population={"browInnerUp": 0.15},
    prior_s=1.0,
)


def scores(**values):
    out = np.zeros(52, np.float32)
    for name, value in values.items():
        out[NAMES.index(name)] = value
    return out


REST = scores(browInnerUp=0.3)
SMILE = scores(browInnerUp=0.3, mouthSmileLeft=0.9)


def updated(rows, fps=25.0):
    """Feed (geometry value, blendshapes) pairs."""
    neutral = PersonNeutral(POLICY)
    for i, (value, blendshapes) in enumerate(rows):
        neutral.update(i / fps, np.float32([value]), blendshapes)
    return neutral


@pytest.mark.parametrize(
    ("blendshapes", "expected"),
    [
        (scores(), 1.0),
        (scores(mouthSmileLeft=0.2), 0.5),
        (scores(mouthSmileLeft=0.2, jawOpen=0.15), 0.25),
        (scores(mouthSmileLeft=0.4), 0.0),
        (scores(jawOpen=0.9), 0.0),
    ],
)
def test_calmness_falls_with_the_most_active_blendshape(blendshapes, expected):
    assert calmness(blendshapes, POLICY) == pytest.approx(expected)


def test_a_clip_that_is_all_smile_does_not_make_the_smile_neutral():
    neutral = updated([(5.0, SMILE)] * 500)
    assert neutral.confidence == 0
    change = neutral.blendshapes_change(SMILE)
    assert change[NAMES.index("mouthSmileLeft")] == pytest.approx(0.9)
    assert change[NAMES.index("browInnerUp")] == pytest.approx(0.15)
    assert neutral.geometry_change(np.float32([5.0])) == 0


def test_a_clip_that_is_mostly_smile_takes_its_neutral_from_the_calm_rest():
    neutral = updated([(5.0, SMILE)] * 400 + [(1.0, REST)] * 100)
    assert neutral.confidence == pytest.approx(0.8, abs=0.01)  # 4 s of calm against 1 s
    assert neutral.geometry_change(np.float32([5.0])) == pytest.approx(0.8 * 4.0, rel=0.01)


def test_the_person_replaces_the_population_as_calm_seconds_add_up():
    brow = NAMES.index("browInnerUp")
    remaining = [
        updated([(0.0, REST)] * count).blendshapes_change(REST)[brow]
        for count in (1, 25, 500)
    ]
    assert remaining[0] > remaining[1] > remaining[2]
    assert remaining[2] == pytest.approx(0.0, abs=0.01)


def test_the_estimate_does_not_depend_on_the_frame_rate():
    slow = updated([(1.0, REST)] * 50 + [(2.0, REST)] * 50, fps=10)
    fast = updated([(1.0, REST)] * 150 + [(2.0, REST)] * 150, fps=30)
    assert slow.confidence == pytest.approx(fast.confidence, rel=0.01)
    assert slow.geometry_change(np.float32([0.0])) == pytest.approx(
        fast.geometry_change(np.float32([0.0])), rel=0.02
    )


AT_REST = dict.fromkeys(GEOMETRY_NAMES, 2.0)
WITH_GEOMETRY = dataclasses.replace(POLICY, population_geometry=AT_REST)
NUM_MEASURES = len(GEOMETRY_NAMES)


def measures(value):
    return np.full(NUM_MEASURES, value, np.float32)


def test_geometry_is_read_against_the_population_until_the_person_is_known():
    neutral = PersonNeutral(WITH_GEOMETRY)
    neutral.update(0.0, measures(5.0), SMILE)
    np.testing.assert_allclose(neutral.geometry_change(measures(5.0)), 3.0)
    for i in range(1, 26):
        neutral.update(i / 25, measures(1.0), REST)
    known = neutral.confidence
    assert known == pytest.approx(0.5, abs=0.01)  # 1 s of calm against a prior of 1 s
    expected = 5.0 - (known * 1.0 + (1 - known) * 2.0)
    np.testing.assert_allclose(neutral.geometry_change(measures(5.0)), expected, rtol=1e-6)


def test_a_track_is_read_against_the_population_as_the_stream_is():
    time_s = np.arange(40) / 10
    geometry = np.stack([measures(value) for value in np.linspace(1, 3, 40)])
    blendshapes = np.stack([SMILE] * 20 + [REST] * 20)
    policy = dataclasses.replace(WITH_GEOMETRY, warm_up_s=0.0)
    found = track_changes(time_s, geometry, blendshapes, policy)
    np.testing.assert_array_equal(found.geometry[:20], geometry[:20] - 2)
    neutral = PersonNeutral(policy)
    for row in range(40):
        neutral.update(float(time_s[row]), geometry[row], blendshapes[row])
        expected = neutral.geometry_change(geometry[row])
        np.testing.assert_array_equal(found.geometry[row], expected)


def test_a_given_neutral_is_known_from_the_first_row_on_and_stays():
    given = GivenNeutral(WITH_GEOMETRY, measures(1.0), REST)
    for i in range(50):
        given.update(i / 25, measures(9.0), scores())
    assert (given.confidence, given.warm_up_s) == (1.0, 0.0)
    np.testing.assert_allclose(given.geometry_change(measures(4.0)), 3.0)
    change = given.blendshapes_change(SMILE)
    assert change[NAMES.index("mouthSmileLeft")] == pytest.approx(0.9)
    assert change[NAMES.index("browInnerUp")] == 0


def test_the_population_alone_never_learns_the_person():
    for policy, expected in ((POLICY, 0.0), (WITH_GEOMETRY, -1.0)):
        neutral = Neutral(policy)
        for i in range(50):
            neutral.update(i / 25, measures(1.0), REST)
        assert (neutral.confidence, neutral.warm_up_s) == (0.0, 0.0)
        np.testing.assert_allclose(neutral.geometry_change(measures(1.0)), expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**AT_REST, "mouth_widht": 1.0}, "names mouth_widht, .* did you mean mouth_width"),
        ({GEOMETRY_NAMES[0]: 1.0}, rf"all {NUM_MEASURES} measures, got 1; "),
        ({**AT_REST, GEOMETRY_NAMES[0]: np.nan}, f"finite, got {GEOMETRY_NAMES[0]} = nan"),
    ],
)
def test_a_population_with_wrong_measures_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(POLICY, population_geometry=values)


def test_a_model_that_reads_no_changes_refuses_a_neutral_face(toy, constant, make_frames):
    plain = build_analyzer(toy(constant(3)))
    with pytest.raises(UsageError, match="the model toy reads nothing against a neutral"):
        choose_neutral(PORTRAIT, plain)
    (row,) = plain.run(make_frames(1))
    assert np.isnan(row.neutral_known)
