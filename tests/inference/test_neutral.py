import numpy as np
import pytest

from wildaffect.faces.blendshapes import NAMES
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import PersonNeutral, calmness

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


def watch(rows, fps=25.0):
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
    neutral = watch([(5.0, SMILE)] * 500)
    assert neutral.confidence == 0
    change = neutral.blendshapes_change(SMILE)
    assert change[NAMES.index("mouthSmileLeft")] == pytest.approx(0.9)
    assert change[NAMES.index("browInnerUp")] == pytest.approx(0.15)
    assert neutral.geometry_change(np.float32([5.0])) == 0


def test_a_clip_that_is_mostly_smile_takes_its_neutral_from_the_calm_rest():
    neutral = watch([(5.0, SMILE)] * 400 + [(1.0, REST)] * 100)
    assert neutral.confidence == pytest.approx(0.8, abs=0.01)  # 4 s of calm against 1 s
    assert neutral.geometry_change(np.float32([5.0])) == pytest.approx(0.8 * 4.0, rel=0.01)


def test_the_person_replaces_the_population_as_calm_seconds_add_up():
    brow = NAMES.index("browInnerUp")
    remaining = [
        watch([(0.0, REST)] * count).blendshapes_change(REST)[brow]
        for count in (1, 25, 500)
    ]
    assert remaining[0] > remaining[1] > remaining[2]
    assert remaining[2] == pytest.approx(0.0, abs=0.01)


def test_the_estimate_does_not_depend_on_the_frame_rate():
    slow = watch([(1.0, REST)] * 50 + [(2.0, REST)] * 50, fps=10)
    fast = watch([(1.0, REST)] * 150 + [(2.0, REST)] * 150, fps=30)
    assert slow.confidence == pytest.approx(fast.confidence, rel=0.01)
    assert slow.geometry_change(np.float32([0.0])) == pytest.approx(
        fast.geometry_change(np.float32([0.0])), rel=0.02
    )
