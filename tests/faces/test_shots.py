import cv2
import numpy as np
import pytest

from wildaffect.faces.shots import ChangeDetector


def cuts(images):
    change = ChangeDetector()
    return [i for i, image in enumerate(images) if change(image).is_cut]


@pytest.fixture
def scenes():
    rng = np.random.default_rng(1)
    made = []
    for color in ((200, 60, 40), (30, 90, 180)):
        blobs = rng.integers(0, 60, (9, 16, 3)) + np.array(color) * 0.7
        made.append(cv2.resize(blobs.astype(np.uint8), (320, 180)))
    return made


def jitter(image, count, seed=0):
    rng = np.random.default_rng(seed)
    return [
        np.clip(np.roll(image, 3 * i, 1) + rng.normal(0, 6, image.shape), 0, 255).astype(
            np.uint8
        )
        for i in range(count)
    ]


def test_the_first_frame_starts_a_shot_and_noise_and_pans_do_not(scenes):
    assert cuts(jitter(scenes[0], 40)) == [0]


def test_a_change_of_scene_starts_a_shot(scenes):
    assert cuts(jitter(scenes[0], 10) + jitter(scenes[1], 10)) == [0, 10]


def test_a_fade_is_not_a_cut(scenes):
    mixed = [
        cv2.addWeighted(scenes[0], 1 - a, scenes[1], a, 0) for a in np.linspace(0, 1, 25)
    ]
    assert cuts(mixed) == [0]


def test_what_comes_into_view_changes_a_cell_much_and_noise_does_not(scenes):
    images = jitter(np.roll(scenes[0], 0), 1) * 1 + [scenes[0]] * 3
    images[-1] = scenes[0].copy()
    images[-1][60:100, 200:240] = 255
    change = ChangeDetector()
    largest = [change(image).largest for image in images]
    assert largest[2] == 0
    assert largest[3] > 0.2


def test_a_cut_in_one_part_of_a_split_picture_is_none_for_a_face_in_the_other(scenes):
    change = ChangeDetector()
    change(np.hstack([scenes[0], np.zeros_like(scenes[0])]))
    both = np.hstack([scenes[0], scenes[1]])
    seen = change(both)
    height, width = scenes[0].shape[:2]
    left = np.float32([0.3 * width, 0.3 * height, 0.5 * width, 0.6 * height])
    assert seen.is_quiet_at(left, both.shape)
    assert not seen.is_quiet_at(left + np.float32([width, 0, width, 0]), both.shape)
    assert not seen.is_quiet_at(np.float32([5000, 5000, 5100, 5100]), both.shape)
