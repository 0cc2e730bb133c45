import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import normalise
from wildaffect.models.pretraining.augment import (
    cut_boxes,
    cut_pixels,
    draw_boxes,
    flip_some,
    jitter_light,
    to_crops,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramp(num: int = 4, side: int = 32) -> torch.Tensor:
    """Crops whose first channel is the column and second the row, in pixels."""
    steps = torch.arange(float(side))
    columns = steps.expand(side, side)
    return torch.stack([columns, columns.T]).expand(num, -1, -1, -1).contiguous()


@pytest.mark.parametrize("channels", ["rgb", "grey"])
def test_pixels_become_what_the_analysis_path_makes_of_them(channels):
    num = 1 if channels == "grey" else 3
    preprocess = Preprocess(
        size_px=8, channels=channels, mean=(0.4, 0.5, 0.6)[:num], std=(0.2, 0.25, 0.3)[:num]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, num), dtype=np.uint8)
    crops = to_crops(torch.as_tensor(pixels), preprocess)
    np.testing.assert_allclose(crops.numpy(), normalise(pixels, preprocess), atol=1e-6)


@given(min_area=st.floats(0.05, 1), max_stretch=st.floats(1, 3), seed=st.integers(0, 2**31))
def test_boxes_stay_inside_and_are_as_large_as_asked(min_area, max_stretch, seed):
    boxes = draw_boxes(
        50, min_area=min_area, max_stretch=max_stretch, generator=seeded(seed)
    )
    left, top, width, height = boxes.unbind(1)
    assert (boxes >= 0).all()
    assert (left + width <= 1 + 1e-5).all()
    assert (top + height <= 1 + 1e-5).all()
    assert (width * height <= 1 + 1e-5).all()
    assert ((width / height).log().abs() <= np.log(max_stretch) + 1e-4).all()
    uncut = (width < 1) & (height < 1)
    assert (width * height >= min_area - 1e-4)[uncut].all()


def test_a_box_is_read_where_it_lies():
    box = torch.tensor([[0.25, 0.5, 0.5, 0.25]])
    cut = cut_boxes(ramp(1), box)
    # Centre of the first pixel of the box: 8 and 16 pixels from the edges, and half a step.
    assert cut[0, 0, 16, 0].item() == pytest.approx(8 + 0.25 - 0.5, abs=0.05)
    assert cut[0, 0, 16, -1].item() == pytest.approx(24 - 0.25 - 0.5, abs=0.05)
    assert cut[0, 1, 0, 16].item() == pytest.approx(16 + 0.125 - 0.5, abs=0.05)
    assert cut[0, 1, -1, 16].item() == pytest.approx(24 - 0.125 - 0.5, abs=0.05)


def test_pixels_are_cut_as_crops_are():
    steps = torch.linspace(0, 6, 32)
    smooth = 128 + 100 * torch.sin(steps[:, None] + 2 * steps[None])
    pixels = smooth.round().to(torch.uint8).expand(3, 3, -1, -1).permute(0, 2, 3, 1)
    boxes = torch.tensor([[0.25, 0.5, 0.5, 0.25], [0, 0, 1, 1], [0.5, 0.125, 0.25, 0.75]])
    cut = cut_pixels(pixels.contiguous(), boxes).float()
    expected = cut_boxes(pixels.permute(0, 3, 1, 2).float(), boxes).permute(0, 2, 3, 1)
    assert (cut - expected)[:, 4:-4, 4:-4].abs().max() < 5  # bicubic differs
    assert torch.equal(cut[1], pixels[1].float())


def test_a_tiny_box_is_at_least_one_pixel():
    pixels = torch.full((1, 8, 8, 3), 9, dtype=torch.uint8)
    cut = cut_pixels(pixels, torch.tensor([[0.99, 0.99, 0.001, 0.001]]))
    assert torch.equal(cut, pixels)


def test_the_whole_crop_is_a_box_that_changes_nothing():
    crops = torch.randn(2, 3, 16, 16, generator=seeded())
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(2, -1)
    torch.testing.assert_close(cut_boxes(crops, whole), crops, atol=1e-5, rtol=0)


def test_about_half_of_the_crops_are_mirrored_and_the_others_kept():
    crops = ramp(400)
    flipped = flip_some(crops, seeded())
    mirrored = (flipped[:, 0, 0, 0] == 31).float()
    assert 0.4 < mirrored.mean().item() < 0.6
    kept = flipped[mirrored == 0]
    assert torch.equal(kept, crops[: len(kept)])
    assert torch.equal(flipped[:, 1], crops[:, 1])


def test_light_changes_contrast_and_mean_within_bounds():
    crops = torch.randn(300, 3, 8, 8, generator=seeded())
    lit = jitter_light(crops, 0.4, seeded(1))
    contrast = lit.flatten(1).std(dim=1) / crops.flatten(1).std(dim=1)
    shift = lit.flatten(1).mean(dim=1) - crops.flatten(1).mean(dim=1)
    assert 1 / 1.4 - 1e-4 <= contrast.min() < 0.75
    assert 1.3 < contrast.max() <= 1.4 + 1e-4
    assert 0.38 < shift.abs().max() <= 0.4 + 1e-4
    assert torch.equal(
        jitter_light(crops, 0.0, seeded()),
        (crops - crops.mean(dim=(1, 2, 3), keepdim=True))
        + crops.mean(dim=(1, 2, 3), keepdim=True),
    )


def test_a_seed_repeats_a_batch():
    def batch(seed: int) -> torch.Tensor:
        generator = seeded(seed)
        boxes = draw_boxes(4, min_area=0.2, max_stretch=4 / 3, generator=generator)
        return jitter_light(flip_some(cut_boxes(ramp(), boxes), generator), 0.4, generator)

    assert torch.equal(batch(3), batch(3))
    assert not torch.equal(batch(3), batch(4))


@pytest.mark.parametrize(("min_area", "max_stretch"), [(0.0, 1.3), (1.1, 1.3), (0.2, 0.9)])
def test_boxes_that_cannot_be_are_refused(min_area, max_stretch):
    with pytest.raises(ValueError, match=r"min_area must be in \(0, 1\] and max_stretch"):
        draw_boxes(1, min_area=min_area, max_stretch=max_stretch, generator=seeded())


def test_negative_strength_is_refused():
    with pytest.raises(ValueError, match="strength must be 0 or more, got -1"):
        jitter_light(ramp(), -1, seeded())
