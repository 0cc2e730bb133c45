"""Random resized crops of a batch, on its device.

Symbols: B batch, C channels, S side of the crop.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own guide uses
from torch import Tensor


def draw_boxes(
    num: int, *, min_area: float, max_aspect_ratio: float, generator: torch.Generator
) -> Tensor:
    """Draw random boxes: left, top, width, height relative to S, (B, 4).

    Args:
        num: Number of boxes B.
        min_area: Minimum share of the crop's area, in (0, 1]; the area is uniform up to 1.
        max_aspect_ratio: Maximum aspect ratio, at least 1; its logarithm is uniform. Boxes
            are clipped to the crop.
        generator: Random generator.
    """
    if not 0 < min_area <= 1 or max_aspect_ratio < 1:
        raise ValueError(
            "augment: min_area must be in (0, 1] and max_aspect_ratio at least 1, "
            f"got {min_area} and {max_aspect_ratio}"
        )
    draw = torch.rand((4, num), generator=generator, device=generator.device)
    area = min_area + (1 - min_area) * draw[0]
    aspect_ratio = torch.exp(math.log(max_aspect_ratio) * (2 * draw[1] - 1))
    width = (area * aspect_ratio).sqrt().clamp(max=1)
    height = (area / aspect_ratio).sqrt().clamp(max=1)
    left, top = (1 - width) * draw[2], (1 - height) * draw[3]
    return torch.stack([left, top, width, height], dim=1)


def cut_boxes(crops: Tensor, boxes: Tensor) -> Tensor:
    """Return the boxes resized to the full size (bicubic), shape (B, C, S, S).

    One resampling for the whole batch.
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
