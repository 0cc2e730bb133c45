"""Anonymization of faces."""

import cv2
import numpy as np

from wildaffect.outputs.overlay.canvas import Image, Rect

CELLS = 6
"""Cells across a hidden face; far fewer than identification needs."""
PAD = 0.35
"""Padding on each side, in box widths and heights: the box ends at brows and chin."""


def blur_face(rgb: Image, box: Rect) -> None:
    """Hide a face in place: an ellipse of few cells around its padded box, smoothed.

    The pixels under it are averaged to `CELLS` x `CELLS` values first, so that no details
    can be restored.
    """
    height, width = rgb.shape[:2]
    x0 = max(0, round(box.x - PAD * box.width))
    y0 = max(0, round(box.y - PAD * box.height))
    x1 = min(width, round(box.right + PAD * box.width))
    y1 = min(height, round(box.bottom + PAD * box.height))
    if x0 >= x1 or y0 >= y1:
        return
    region = rgb[y0:y1, x0:x1]
    size = (x1 - x0, y1 - y0)
    cells = (min(CELLS, size[0]), min(CELLS, size[1]))
    coarse = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    hidden = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    opacity = _ellipse(box, (x0, y0), size)[..., None]
    region[...] = (region + (hidden - region.astype(np.float32)) * opacity).astype(np.uint8)


def _ellipse(box: Rect, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Opacity of the padded ellipse with a narrow soft edge outside the box's corners."""
    x = np.arange(size[0]) + 0.5 + corner[0] - (box.x + box.width / 2)
    y = np.arange(size[1]) + 0.5 + corner[1] - (box.y + box.height / 2)
    reach_x, reach_y = (0.5 + PAD) * box.width, (0.5 + PAD) * box.height
    radius = np.hypot(x[None] / reach_x, y[:, None] / reach_y)
    return np.clip((1.0 - radius) / 0.08, 0, 1).astype(np.float32)
