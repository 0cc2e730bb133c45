"""Flat covers of a face: bars, masks, dark glasses, mosaics.

Symbols: H x W pixels of a picture.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Part = Literal["eyes", "one_eye", "mouth", "both", "cheek", "brow"]
PARTS: tuple[Part, ...] = ("eyes", "one_eye", "mouth", "both", "cheek", "brow")
PART_SHARES = (0.28, 0.14, 0.28, 0.08, 0.1, 0.12)
"""Probability of each part if none is requested."""
MOSAICS, DARK = 0.15, 0.45
"""Shares of covers that are mosaics of the face, and of others that are dark."""

Outline = NDArray[np.int32]
Rgb = NDArray[np.uint8]


def lay_flat_cover(
    rgb: Rgb, outlines: Sequence[Outline], part: Part | None, rng: np.random.Generator
) -> tuple[Rgb, NDArray[np.bool_]]:
    """Return a picture with a flat cover, and the mask of covered pixels, shape (H, W).

    Args:
        rgb: Picture, shape (H, W, 3).
        outlines: Outlines of the left eye, the right eye and the lips, in pixels.
        part: Part of the face to cover; None samples one.
        rng: Random generator for position, size and appearance.
    """
    drawn = part or PARTS[rng.choice(len(PARTS), p=PART_SHARES)]
    corners = _cover(outlines, drawn, rng)
    mask = np.zeros(rgb.shape[:2], np.uint8)
    if rng.random() < 0.5:
        cv2.fillPoly(mask, [corners.round().astype(np.int32)], 1)
    else:
        (x, y), (width, height) = corners.mean(0), np.ptp(corners, axis=0) * 0.58
        cv2.ellipse(mask, (int(x), int(y)), (int(width), int(height)), 0, 0, 360, 1, -1)
    hidden = mask > 0
    return np.where(hidden[..., None], _look(rgb, hidden, rng), rgb), hidden


def _cover(
    outlines: Sequence[Outline], part: Part, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the corners of a slightly rotated rectangle over a part, shape (4, 2)."""
    left, right, lips = (outline.astype(np.float64) for outline in outlines)
    eyes, eye = np.concatenate([left, right]), (left, right)[rng.integers(2)]
    apart = np.linalg.norm(left.mean(0) - right.mean(0))
    points = {
        "eyes": eyes,
        "one_eye": eye,
        "mouth": lips,
        "both": np.concatenate([eyes, lips]),
        "cheek": lips + np.array([rng.choice([-0.75, 0.75]), -0.2]) * apart,
        "brow": eyes - np.array([0, 0.55]) * apart,
    }[part]
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, (high - low) / 2 * rng.uniform(1.1, 1.9, 2)
    if part == "mouth" and rng.random() < 0.5:  # a mask extends over the chin
        middle[1], half[1] = middle[1] + 0.3 * apart, half[1] + 0.35 * apart
    angle = rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return signs * half @ turn.T + middle


def _look(rgb: Rgb, hidden: NDArray[np.bool_], rng: np.random.Generator) -> Rgb:
    height, width = hidden.shape
    if rng.random() < MOSAICS:
        cells = int(rng.integers(8, 16))
        small = cv2.resize(rgb, (cells, cells), interpolation=cv2.INTER_AREA)
        return np.asarray(
            cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
        )
    if rng.random() < DARK:
        color = rng.uniform(0, 60) + rng.normal(0, 6, 3)
    elif rng.random() < 0.4 and (~hidden).any():
        color = np.median(rgb[~hidden], axis=0) + rng.normal(0, 12, 3)
    else:
        color = rng.uniform(0, 255, 3)
    shade = np.linspace(-1, 1, height)[:, None, None] * rng.normal(0, 15)
    grain = rng.normal(0, rng.uniform(0, 8), (height, width, 1))
    return np.clip(color + shade + grain, 0, 255).astype(np.uint8)
