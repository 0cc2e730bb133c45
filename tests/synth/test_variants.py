"""Expressions of several forms, as the preset `everyday` draws them."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.synth.behavior import draw_behavior
from wildaffect.synth.bursts import Bursts
from wildaffect.synth.facs import COLUMN
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.prototypes import EXPRESSIONS, TAKES_PART
from wildaffect.synth.statistics import EVERYDAY, STATISTICS

QUIET = replace(EVERYDAY, talking=0.0, bursts=Bursts(per_minute={}, one_sided={}))


def angry_faces(statistics):
    """Action units of faces at strong anger, shape (T, 22)."""
    parts = []
    for seed in range(60):
        drawn = draw_behavior((seed, 9), 1800, statistics)
        is_angry = drawn.expression == EXPRESSIONS.index("Anger")
        parts.append(drawn.intensities[is_angry & (drawn.expression_strength > 0.6)])
    faces = np.concatenate(parts)
    assert len(faces) > 500
    return faces


def share_with_lips_parted(faces):
    return (faces[:, COLUMN[25]] > 0.3).mean()


def test_anger_comes_with_lips_pressed_and_with_lips_parted():
    assert 25 not in TAKES_PART["Anger"]
    faces = angry_faces(QUIET)
    assert 0.2 < share_with_lips_parted(faces) < 0.8
    assert (faces[:, COLUMN[24]] > 0.3).mean() > 0.1
    assert share_with_lips_parted(angry_faces(replace(QUIET, has_variants=False))) < 0.1


@pytest.mark.parametrize("name", ["balanced", "wild"])
def test_worlds_of_before_have_one_form_of_each_expression(name):
    assert not STATISTICS[name].has_variants


def test_the_preset_everyday_draws_variants():
    assert STATISTICS[PRESETS["everyday"].statistics].has_variants
