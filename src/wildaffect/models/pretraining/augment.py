"""Change whole batches of crops at random, on the device where they are.

Each function draws from the generator that it is given, so a seed repeats a batch.
Symbols: B batch, C channels, S side of the crop.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor

from wildaffect.core.preprocess import Preprocess


def to_crops(pixels: Tensor, preprocess: Preprocess) -> Tensor:
    """Return pixels (B, S, S, C), uint8, as a network's input (B, C, S, S).

    The numbers of `faces.crop.normalise`, to rounding, computed on the tensor's device;
    channels stay last in memory, as convolutions like them.
    """
    crops = pixels.permute(0, 3, 1, 2).float()
    mean = crops.new_tensor(preprocess.mean).view(-1, 1, 1)
    std = crops.new_tensor(preprocess.std).view(-1, 1, 1)
    return crops.mul_(1 / (255 * std)).sub_(mean / std)


def draw_boxes(
    num: int, *, min_area: float, max_stretch: float, generator: torch.Generator
) -> Tensor:
    """Return random parts of a crop: left, top, width, height as ratios of S, (B, 4).

    Args:
        num: How many, B.
        min_area: Smallest share of the crop's area, in (0, 1]; drawn evenly up to 1.
        max_stretch: Largest width by height, at least 1; its logarithm is drawn evenly
            between both directions. A box wider or higher than the crop is cut to it.
        generator: Draws the boxes.
    """
    if not 0 < min_area <= 1 or max_stretch < 1:
        raise ValueError(
            "augment: min_area must be in (0, 1] and max_stretch at least 1, "
            f"got {min_area} and {max_stretch}"
        )
    draw = torch.rand((4, num), generator=generator, device=generator.device)
    area = min_area + (1 - min_area) * draw[0]
    stretch = torch.exp(math.log(max_stretch) * (2 * draw[1] - 1))
    width = (area * stretch).sqrt().clamp(max=1)
    height = (area / stretch).sqrt().clamp(max=1)
    left, top = (1 - width) * draw[2], (1 - height) * draw[3]
    return torch.stack([left, top, width, height], dim=1)


def cut_pixels(pixels: Tensor, boxes: Tensor) -> Tensor:
    """Return each box of its picture, stretched to the whole size, (B, S, S, C), uint8.

    Box by box, to whole pixels, bicubic and without aliasing: on a CPU the fastest way, as
    torch resamples uint8 in integers. On a GPU use `cut_boxes`.
    """
    side = pixels.shape[1]
    stretched = torch.empty_like(pixels)
    for picture, out, box in zip(pixels, stretched, boxes.cpu(), strict=True):
        size = (box[2:] * side).round().int().clamp(1, side)
        start = (box[:2] * side).round().int().minimum(side - size)
        (left, top), (width, height) = start.tolist(), size.tolist()
        part = picture[top : top + height, left : left + width].permute(2, 0, 1)
        whole = F.interpolate(part[None], size=(side, side), mode="bicubic", antialias=True)
        out.copy_(whole[0].permute(1, 2, 0))
    return stretched


def cut_boxes(crops: Tensor, boxes: Tensor) -> Tensor:
    """Return each box of its crop, stretched to the whole size, shape (B, C, S, S).

    Bicubic, in one resampling for the whole batch: for a GPU. On a CPU use `cut_pixels`.
    """
    left, top, width, height = boxes.to(crops.device).unbind(1)
    zero = torch.zeros_like(left)
    rows = [
        torch.stack([width, zero, 2 * left + width - 1], dim=1),
        torch.stack([zero, height, 2 * top + height - 1], dim=1),
    ]
    matrix = torch.stack(rows, dim=1).to(crops.dtype)  # (B, 2, 3)
    shape = list(crops.shape)
    grid = F.affine_grid(matrix, shape, align_corners=False)
    return F.grid_sample(
        crops, grid, mode="bicubic", padding_mode="border", align_corners=False
    )


def flip_some(crops: Tensor, generator: torch.Generator) -> Tensor:
    """Return crops of which each is mirrored, left to right, with a chance of one half.

    Not for targets that have sides; none of the twelve action units has.
    """
    chosen = torch.rand(len(crops), generator=generator, device=generator.device) < 0.5
    flip = chosen.to(crops.device).view(-1, 1, 1, 1)
    return torch.where(flip, crops.flip(3), crops)


def jitter_light(crops: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Return normalised crops with brightness and contrast changed, per crop.

    Contrast is multiplied by up to 1 + `strength` or divided by it, around the crop's own
    mean; brightness is shifted by up to `strength` of the data's deviation.
    """
    if strength < 0:
        raise ValueError(f"augment: strength must be 0 or more, got {strength}")
    draw = torch.rand((2, len(crops)), generator=generator, device=generator.device)
    signs = (2 * draw - 1).to(crops.device, crops.dtype).view(2, -1, 1, 1, 1)
    contrast = torch.exp(math.log1p(strength) * signs[0])
    mean = crops.mean(dim=(1, 2, 3), keepdim=True)
    return (crops - mean) * contrast + mean + strength * signs[1]
