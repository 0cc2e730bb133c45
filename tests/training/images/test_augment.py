from dataclasses import replace

import numpy as np
import pytest
import torch

from wildaffect.training.images.augment import apply_changes, draw_changes
from wildaffect.training.images.augment_config import AugmentConfig

STILL = AugmentConfig(
    flip_probability=0,
    rotation_deg=0,
    scale=(1, 1),
    shift=0,
    brightness=0,
    contrast=0,
    saturation=0,
    gray_probability=0,
    blur_probability=0,
    erase_probability=0,
)


@pytest.fixture
def crops():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def changed(crops, config, seed=0):
    return apply_changes(
        crops, draw_changes(config, len(crops), np.random.default_rng(seed))
    )


def test_with_everything_at_0_crops_stay_as_they_are(crops):
    torch.testing.assert_close(changed(crops, STILL), crops)


def test_a_certain_flip_mirrors_left_and_right(crops):
    config = replace(STILL, flip_probability=1)
    torch.testing.assert_close(changed(crops, config), crops.flip(3))


def test_about_half_are_mirrored_by_default():
    config = replace(STILL, flip_probability=0.5)
    changes = draw_changes(config, 1000, np.random.default_rng(0))
    assert 0.4 < (changes.affine[:, 0, 0] < 0).mean() < 0.6


def test_a_magnified_crop_shows_its_middle(crops):
    config = replace(STILL, scale=(2, 2))
    marked = torch.zeros(6, 3, 16, 16)
    marked[:, :, 4:12, 4:12] = 1
    assert changed(marked, config).min() > 0.2


def test_gray_has_no_color(crops):
    made = changed(crops, replace(STILL, gray_probability=1))
    torch.testing.assert_close(made[:, 0], made[:, 2])


def test_one_channel_crops_are_lit_but_not_recolored(crops):
    made = changed(crops[:, :1], replace(STILL, gray_probability=1, saturation=0.5))
    torch.testing.assert_close(made, crops[:, :1])


def test_blur_lowers_the_spread_and_keeps_the_mean(crops):
    made = changed(crops, replace(STILL, blur_probability=1))
    assert made.std() < 0.8 * crops.std()
    assert made.mean().item() == pytest.approx(crops.mean().item(), abs=0.02)


def test_a_hidden_rectangle_has_the_mean_color(crops):
    made = changed(crops, replace(STILL, erase_probability=1, erase_side=0.5))
    mean = crops.mean((2, 3), keepdim=True)
    hidden = (made - mean).abs().amax(1, keepdim=True) < 1e-5
    assert (hidden.flatten(1).sum(1) > 0).all()
    torch.testing.assert_close(torch.where(hidden, crops, made), crops)


def test_values_stay_in_range_whatever_is_drawn(crops):
    strong = AugmentConfig(brightness=0.9, contrast=0.9, saturation=0.9, blur_probability=1)
    for seed in range(5):
        made = changed(crops, strong, seed)
        assert made.min() >= 0
        assert made.max() <= 1
        assert made.isfinite().all()


def test_the_shares_of_two_processes_are_the_whole_batch(crops):
    changes = draw_changes(AugmentConfig(), 6, np.random.default_rng(4))
    whole = apply_changes(crops, changes)
    for rank in (0, 1):
        part = apply_changes(crops[rank::2], changes.share(rank, 2))
        torch.testing.assert_close(part, whole[rank::2])


def test_a_probability_above_1_is_refused():
    with pytest.raises(ValueError, match=r"blur_probability must be in \[0, 1\], got 2"):
        AugmentConfig(blur_probability=2)


def test_a_descending_scale_is_refused():
    with pytest.raises(ValueError, match="scale must ascend from above 0"):
        AugmentConfig(scale=(1.2, 0.8))
