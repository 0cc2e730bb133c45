"""Crops are cut of the sights whose rows networks read."""

import cv2
import numpy as np
import pytest

from wildaffect.core.preprocess import Preprocess
from wildaffect.core.rate import kept_rows
from wildaffect.faces.crop_choice import CropChoice

FPS = 30
CROP = Preprocess(size_px=64, mean=(0.0,) * 3, std=(1.0,) * 3)


def chosen(rate_hz, num_frames, *, lost=()):
    """Return the frames in which the only track is cut out."""
    choice = CropChoice(rate_hz)
    return [
        index
        for index in range(num_frames)
        if choice(index / FPS, set() if index in lost else {0}, {0})
    ]


@pytest.mark.parametrize("rate_hz", [4.0, 7.1, 29.0, 60.0])
def test_they_are_those_of_the_rows_that_are_passed_on(rate_hz):
    kept = kept_rows(np.arange(100) / FPS, rate_hz)
    assert chosen(rate_hz, 100) == kept.tolist()


def test_without_a_rate_every_sight_is_cut_out():
    assert chosen(None, 30) == list(range(30))


def test_the_next_sight_counts_where_the_row_of_a_network_has_a_lost_face():
    # Rows 0, 9, 18 and 27 are kept; the face is lost in row 9 and back in row 14.
    assert chosen(3.0, 30, lost=range(9, 14)) == [0, 14, 18, 27]


def test_each_track_has_steps_of_its_own_and_a_dead_one_is_forgotten():
    choice = CropChoice(3.0)
    assert choice(0.0, {0}, {0}) == {0}
    assert choice(0.1, {0, 1}, {0, 1}) == {1}
    assert choice(0.3, {0, 1}, {0, 1}) == {0}
    assert choice(0.4, {1}, {1}) == {1}
    assert choice(0.5, {0, 1}, {0, 1}) == {0}


def test_observations_of_the_chain_carry_crops_at_that_rate(portrait, follow):
    shifts = [np.float64([[1, 0, i], [0, 1, 0]]) for i in range(15)]
    images = [cv2.warpAffine(portrait, shift, (512, 512)) for shift in shifts]
    every = follow(images, preprocesses=(CROP,))
    some = follow(images, preprocesses=(CROP,), crop_rate_hz=6.0)
    with_crops = [i for i, seen in enumerate(some) if seen.faces[0].crops]
    assert with_crops == [0, 5, 10]
    for i in with_crops:
        np.testing.assert_array_equal(some[i].faces[0].crops, every[i].faces[0].crops)
