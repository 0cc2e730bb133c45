import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.models.pretraining.augment import cut_boxes, draw_boxes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramp(num: int = 4, side: int = 32) -> torch.Tensor:
    """Crops whose first channel is the column and second the row, in pixels."""
    steps = torch.arange(float(side))
    columns = steps.expand(side, side)
    return torch.stack([columns, columns.T]).expand(num, -1, -1, -1).contiguous()


@given(
    min_area=st.floats(0.05, 1),
    max_aspect_ratio=st.floats(1, 3),
    seed=st.integers(0, 2**31),
)
def test_boxes_stay_inside_and_have_the_given_size(min_area, max_aspect_ratio, seed):
    boxes = draw_boxes(
        50, min_area=min_area, max_aspect_ratio=max_aspect_ratio, generator=seeded(seed)
    )
    left, top, width, height = boxes.unbind(1)
    assert (boxes >= 0).all()
    assert (left + width <= 1 + 1e-5).all()
    assert (top + height <= 1 + 1e-5).all()
    assert (width * height <= 1 + 1e-5).all()
    assert ((width / height).log().abs() <= np.log(max_aspect_ratio) + 1e-4).all()
    uncut = (width < 1) & (height < 1)
    assert (width * height >= min_area - 1e-4)[uncut].all()


def test_a_box_is_read_where_it_lies():
    box = torch.tensor([[0.25, 0.5, 0.5, 0.25]])
    cut = cut_boxes(ramp(1), box)
    # Center of the first pixel of the box: 8 and 16 pixels from the edges, and half a step.
    assert cut[0, 0, 16, 0].item() == pytest.approx(8 + 0.25 - 0.5, abs=0.05)
    assert cut[0, 0, 16, -1].item() == pytest.approx(24 - 0.25 - 0.5, abs=0.05)
    assert cut[0, 1, 0, 16].item() == pytest.approx(16 + 0.125 - 0.5, abs=0.05)
    assert cut[0, 1, -1, 16].item() == pytest.approx(24 - 0.125 - 0.5, abs=0.05)


def test_the_whole_crop_is_a_box_that_changes_nothing():
    crops = torch.randn(2, 3, 16, 16, generator=seeded())
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(2, -1)
    torch.testing.assert_close(cut_boxes(crops, whole), crops, atol=1e-5, rtol=0)


def test_a_seed_repeats_a_batch():
    def batch(seed: int) -> torch.Tensor:
        generator = seeded(seed)
        boxes = draw_boxes(4, min_area=0.2, max_aspect_ratio=4 / 3, generator=generator)
        return cut_boxes(ramp(), boxes)

    assert torch.equal(batch(3), batch(3))
    assert not torch.equal(batch(3), batch(4))


@pytest.mark.parametrize(
    ("min_area", "max_aspect_ratio"), [(0.0, 1.3), (1.1, 1.3), (0.2, 0.9)]
)
def test_boxes_that_cannot_be_are_refused(min_area, max_aspect_ratio):
    with pytest.raises(
        ValueError, match=r"min_area must be in \(0, 1\] and max_aspect_ratio"
    ):
        draw_boxes(
            1, min_area=min_area, max_aspect_ratio=max_aspect_ratio, generator=seeded()
        )
