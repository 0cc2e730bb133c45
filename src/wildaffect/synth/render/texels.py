"""Position of each texel of the face on the head, and wrinkles of each action unit."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from wildaffect.synth.asset import HeadAsset, Material, load_head
from wildaffect.synth.noise import bump, smoothstep
from wildaffect.synth.render.raster import corner_weights, rasterize
from wildaffect.synth.render.vectors import blended

NUM_WRINKLES = 9
"""Forehead (1+2), its middle (1), between the brows (4), crow's feet (6), under the eyes
(6, 7), root of the nose (9), nasolabial fold (10, 12), chin and below the
corners (15, 17), infraorbital furrow (6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TexelMap:
    """Texture space of the face at one resolution, H rows and W columns."""

    position: NDArray[np.float32]
    """Point on the unchanged head, shape (H, W, 3); undefined outside the face."""
    lips: NDArray[np.float32]
    """Mask in [0, 1], shape (H, W)."""
    wrinkles: NDArray[np.uint8]
    """Depth of the folds of each wrinkle map, in 255ths, shape (H, W, NUM_WRINKLES)."""


@cache
def texel_map(divisor: int) -> TexelMap:
    """Return the texture space at 1/`divisor` of the asset's resolution."""
    head = load_head()
    lips = cv2.resize(
        head.lips, None, fx=1 / divisor, fy=1 / divisor, interpolation=cv2.INTER_AREA
    )
    position = _positions(head, lips.shape[0], lips.shape[1])
    return TexelMap(
        position=position,
        lips=lips,
        wrinkles=np.round(255 * np.clip(_wrinkles(position), 0, 1)).astype(np.uint8),
    )


def _positions(head: HeadAsset, rows: int, columns: int) -> NDArray[np.float32]:
    face = head.materials == Material.SKIN
    u0, u1, v0, v1 = head.face_uv
    uv = head.triangle_uv[face].reshape(-1, 2)
    xy = np.stack(
        [(uv[:, 0] - u0) / (u1 - u0) * columns, (v1 - uv[:, 1]) / (v1 - v0) * rows], 1
    ).astype(np.float32)
    corners = np.arange(len(uv), dtype=np.int32).reshape(-1, 3)
    zbuffer = np.empty((rows, columns), np.float32)
    seen = np.empty((rows, columns), np.int32)
    rasterize(
        xy,
        np.zeros(len(uv), np.float32),
        corners,
        np.zeros(len(corners), np.uint8),
        np.zeros(len(corners), np.int32),
        head.triangle_uv[face],
        np.ones(1, np.float32),
        zbuffer,
        seen,
    )
    position = np.zeros((rows, columns, 3), np.float32)
    _place_texels(xy, corners, seen, head.vertices[head.triangles[face].ravel()], position)
    return position


@njit(cache=True, error_model="numpy")
def _place_texels(
    xy: NDArray[np.float32],
    triangles: NDArray[np.int32],
    seen: NDArray[np.int32],
    points: NDArray[np.float32],
    position: NDArray[np.float32],
) -> None:
    for y in range(seen.shape[0]):
        for x in range(seen.shape[1]):
            t = seen[y, x]
            if t >= 0:
                corners = (triangles[t, 0], triangles[t, 1], triangles[t, 2])
                weights = corner_weights(xy, corners, x, y)
                placed = blended(points, corners, weights)
                position[y, x, 0], position[y, x, 1], position[y, x, 2] = placed


def _wrinkles(position: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y, z = position[..., 0], position[..., 1], position[..., 2]
    side = np.abs(x)
    front = smoothstep(0.2, 0.7, z)
    maps = np.zeros((*position.shape[:2], NUM_WRINKLES), np.float32)
    height = 2 * np.pi * (y - 7.6 + 0.05 * side**2 + 0.012 * np.sin(9 * x)) / 0.115
    lines = np.clip(np.sin(height), 0, 1) ** 3
    band = smoothstep(7.56, 7.66, y) * (1 - smoothstep(7.92, 8.06, y)) * front * lines
    maps[..., 0] = 0.50 * band * (1 - smoothstep(0.45, 0.6, side))
    maps[..., 1] = 0.65 * band * (1 - smoothstep(0.14, 0.30, side))
    furrow = bump(side - 0.058, 0.017) * bump(y - 7.52, 0.085)
    knit = bump(side, 0.10) * bump(y - 7.45, 0.07)
    maps[..., 2] = (0.95 * furrow + 0.35 * knit) * front
    dx, dy = side - 0.498, y - 7.274
    angle = np.arctan2(dy, np.maximum(dx, 1e-3))
    fan = np.clip(np.cos(angle * 11), 0, 1) ** 3 * (np.abs(angle) < 0.9)
    near = smoothstep(0.0, 0.05, dx) * (1 - smoothstep(0.13, 0.22, dx))
    maps[..., 3] = 0.9 * (dx > 0) * near * fan * front
    pouch = np.exp(-np.square((side - 0.308) / 0.2) - np.square((y - 7.154) / 0.05))
    maps[..., 4] = 0.45 * pouch * front
    ripple = np.clip(np.sin((y + 0.5 * side) * 2 * np.pi / 0.06), 0, 1)
    maps[..., 5] = 0.6 * bump(side - 0.09, 0.03) * bump(y - 7.2, 0.1) * front * ripple
    down = np.clip((6.98 - y) / 0.34, 0, 1)
    fold = bump(side - (0.19 + 0.17 * down**0.8), 0.024)
    reach = smoothstep(6.56, 6.64, y) * (1 - smoothstep(6.98, 7.06, y))
    maps[..., 6] = 0.85 * fold * reach * front
    marionette = bump(side - (0.30 + 0.06 * (6.62 - y)), 0.02) * bump(y - 6.52, 0.08)
    dimples = 0.5 + 0.5 * np.sin(x * 90) * np.sin(y * 110)
    chin = bump(side, 0.13) * bump(y - 6.4, 0.05) * dimples
    maps[..., 7] = (0.7 * marionette + 0.4 * chin) * front
    furrow = bump(y - (7.085 + 0.9 * (side - 0.33) ** 2), 0.016)
    maps[..., 8] = 0.7 * furrow * bump(side - 0.32, 0.15) * front
    return maps
