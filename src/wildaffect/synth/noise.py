"""Smooth noise: pictures for surfaces, random walks for behavior."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Number = float | np.floating[Any] | Floats
BANK_SEED = 7
BANK_SIZE = 512


def smoothstep(low: Number, high: Number, x: Number) -> Any:
    """Return 0 below `low`, 1 above `high` and a cubic between; `low` may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(distance: Floats, width: Number) -> Floats:
    """Return exp(-(distance / width)^2)."""
    return np.exp(-np.square(distance / width))


@cache
def noise_tile(cells: int, octaves: int, persistence: float) -> NDArray[np.float32]:
    """Return a square of value noise, zero mean, unit spread, `cells` lumps across."""
    rng = np.random.default_rng((BANK_SEED, cells, octaves))
    tile, amplitude = np.zeros((BANK_SIZE, BANK_SIZE), np.float32), 1.0
    for octave in range(octaves):
        num = min(cells * 2**octave, BANK_SIZE)
        grid = rng.standard_normal((num, num)).astype(np.float32)
        grid = np.pad(grid, 2, mode="wrap")
        scale = BANK_SIZE // num
        big = cv2.resize(grid, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        edge = 2 * scale
        part = big[edge : edge + BANK_SIZE, edge : edge + BANK_SIZE]
        tile[: part.shape[0], : part.shape[1]] += amplitude * part
        amplitude *= persistence
    return (tile - tile.mean()) / tile.std()


def noise_picture(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cells: float,
    octaves: int,
    decay: float,
) -> NDArray[np.float32]:
    """Return value noise with about `cells` lumps across its width, from a fixed bank."""
    tile_cells = 8 if cells < 24 else 32
    tile = noise_tile(tile_cells, octaves, decay)
    size = max(2, int(BANK_SIZE * cells / tile_cells))
    height = max(2, round(size * shape[0] / shape[1]))
    rows = (np.arange(height) + rng.integers(BANK_SIZE)) % BANK_SIZE
    columns = (np.arange(size) + rng.integers(BANK_SIZE)) % BANK_SIZE
    part = tile[np.ix_(rows, columns)]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    shrinks = part.shape[1] > shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(part), shape[::-1], interpolation=method)


def wander(
    rng: np.random.Generator,
    num: int,
    step_s: float,
    time_constant_s: float,
    sd: float = 1.0,
) -> NDArray[np.float64]:
    """Return a stationary Ornstein-Uhlenbeck path of `num` equal steps, spread `sd`."""
    keep = np.exp(-step_s / time_constant_s)
    reach = int(np.ceil(5 * time_constant_s / step_s)) + 1
    kicks = rng.standard_normal(num + reach - 1) * sd * np.sqrt(1 - keep**2)
    return np.convolve(kicks, keep ** np.arange(reach), mode="valid")
