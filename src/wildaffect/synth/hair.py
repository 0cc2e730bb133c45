"""Hair as two layers of strands that follow the skull, then hang.

The scalp is charted from a whorl near the crown: columns run around the head, rows from the
whorl (v = 0) to the hairline (v = 1) and on along forehead or shoulders (v up to 2). A
table contains the end of each strand; the rasterizer draws nothing beyond.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.asset import Material, load_head
from wildaffect.synth.mesh import Mesh, grid
from wildaffect.synth.noise import bump, smoothstep
from wildaffect.synth.traits import HairStyle, Traits

COLUMNS, STEPS = 49, 44
SCALP_ROWS, HANGING_ROWS = 11, 7
STRANDS = 768
"""Strands of one layer, as in the rasterizer."""
STRANDS_OF_LOCK, STRANDS_OF_CURL = 16, 6
TONE_ROWS = 24
"""Along a strand, from the whorl to where the longest hair ends."""
LAST_STEP = 35
"""Nearest to the nape that hair grows, in steps of the chart."""
MAX_ANGLE = np.deg2rad(152)
CENTER = np.array([0.0, 7.42, 0.34])
WHORL = np.deg2rad(-14)
"""Tilt of the chart's pole backwards from straight up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Parameters of a hairstyle, in head units."""

    volume: float
    """Thickness of the hair over the crown."""
    length: float
    """Length below the hairline at the sides and back."""
    lumps: float = 0.0
    """Unevenness of the surface, share of the volume."""
    fringe: float = 0.0
    """Share of people of this style whose forehead is partly covered."""


CUTS: dict[HairStyle, Cut] = {
    "cropped": Cut(volume=0.035, length=0.0),
    "short": Cut(volume=0.10, length=0.06, lumps=0.12, fringe=0.30),
    "combed": Cut(volume=0.15, length=0.05, lumps=0.06),
    "curly": Cut(volume=0.24, length=0.22, lumps=0.22, fringe=0.2),
    "bob": Cut(volume=0.13, length=0.95, lumps=0.07, fringe=0.40),
    "long": Cut(volume=0.11, length=1.9, lumps=0.07, fringe=0.25),
    "tied": Cut(volume=0.06, length=0.0, lumps=0.03),
}


def hairline_height(
    traits: Traits, side: NDArray[np.floating], z: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return the height at which hair begins, for |x| and z on the unchanged head."""
    rng = np.random.default_rng((traits.seed, 0x4A1))
    front = 7.99 + rng.normal(0, 0.045) + 0.10 * traits.age * traits.maleness
    recess = 0.10 * traits.age * traits.maleness + abs(rng.normal(0, 0.03))
    corners = recess * bump(side - 0.34, 0.14)
    temple = 0.86 * smoothstep(0.44, 0.80, side)
    nape = 0.95 * smoothstep(0.75, 0.05, z) * smoothstep(0.25, 0.7, side + 0.6 * (z < -0.1))
    bald = 0.55 * smoothstep(0.75, 0.3, side) * smoothstep(-0.35, -0.1, z)
    return front + corners - temple - nape + (bald if traits.hair_style == "bald" else 0)


@cache
def _chart() -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64]]:
    """Return vertices, weights (each (COLUMNS, STEPS, 6)) and directions of the scalp."""
    head = load_head()
    outer = np.isin(head.materials, [Material.SKIN, Material.TORSO])
    usable = np.unique(head.triangles[outer])
    usable = usable[~head.ears[usable]]
    spokes = head.vertices[usable] - CENTER
    spokes = spokes / np.linalg.norm(spokes, axis=1, keepdims=True)
    around = np.linspace(-np.pi, np.pi, COLUMNS)[:, None]
    down = np.linspace(0, MAX_ANGLE, STEPS)[None]
    x = np.sin(down) * np.sin(around)
    up, forward = np.cos(down) + 0 * around, np.sin(down) * np.cos(around)
    y = up * np.cos(WHORL) - forward * np.sin(-WHORL)
    z = forward * np.cos(WHORL) + up * np.sin(WHORL)
    directions = np.stack([x, y, z], -1)
    cosines = directions.reshape(-1, 3) @ spokes.T
    nearest = np.argsort(-cosines, axis=1)[:, :6]
    gaps = np.arccos(np.clip(np.take_along_axis(cosines, nearest, 1), -1, 1))
    weights = 1 / (gaps**2 + 0.02**2)
    weights /= weights.sum(1, keepdims=True)
    shape = (COLUMNS, STEPS, 6)
    return (
        usable[nearest].reshape(shape).astype(np.int64),
        weights.reshape(shape).astype(np.float32),
        directions,
    )


def grow_hair(
    traits: Traits, shape: NDArray[np.float32]
) -> tuple[list[Mesh], NDArray[np.float32]]:
    """Return the layers on a person's head of vertices `shape`, and the ends of strands.

    The second array has the last v of each strand of both layers, shape (2 * STRANDS,);
    a strand that is missing ends below 0.
    """
    ends = np.full(2 * STRANDS, -1, np.float32)
    if traits.hair_style == "bald":
        return [], ends
    rng = np.random.default_rng((traits.seed, 0x4A2))
    cut = CUTS[traits.hair_style]
    index, weights, directions = _chart()
    surface = (shape[index] * weights[..., None]).sum(2)
    rest = (load_head().vertices[index] * weights[..., None]).sum(2)
    line = hairline_height(traits, np.abs(rest[..., 0]), rest[..., 2])
    begins = _hairline_steps(rest[..., 1] - line)
    volume = cut.volume * rng.uniform(0.75, 1.3)
    length = cut.length * rng.uniform(0.7, 1.15)
    lumps = _lumps(rng, cut)
    fringe = _fringe(rng) if rng.random() < cut.fringe else np.zeros(STRANDS)
    layers = []
    for layer, lift in enumerate((1.0, 0.6)):
        points, uv = _layer(
            surface, directions, begins, volume * lift * lumps, length, layer=layer
        )
        layers.append(grid(points, Material.HAIR, uv=uv))
        part = slice(layer * STRANDS, (layer + 1) * STRANDS)
        ends[part] = _strand_ends(rng, cut, layer, fringe)
    return layers, ends


def strand_tones(traits: Traits) -> NDArray[np.float32]:
    """Return how light strands are along their length, shape (TONE_ROWS, 2 * STRANDS)."""
    rng = np.random.default_rng((traits.seed, 0x4A3))
    strands = 1 + 0.22 * rng.standard_normal((1, 2 * STRANDS))
    locks = 0.22 * np.repeat(
        rng.standard_normal((1, 2 * STRANDS // STRANDS_OF_LOCK)), STRANDS_OF_LOCK, axis=1
    )
    along = 0.06 * rng.standard_normal((TONE_ROWS, 2 * STRANDS))
    if traits.hair_style == "curly":
        curls = rng.standard_normal((TONE_ROWS, 2 * STRANDS // STRANDS_OF_CURL))
        along += 0.38 * np.repeat(curls, STRANDS_OF_CURL, axis=1)
    roots = np.linspace(0.8, 1.15, TONE_ROWS)[:, None]
    return np.clip((strands + locks + along) * roots, 0.35, 1.9).astype(np.float32)


def _hairline_steps(above: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the (fractional) step at which each column leaves the hair, (COLUMNS,)."""
    below = (above < 0) & (np.arange(STEPS) > 6)
    first = np.where(below.any(1), below.argmax(1), LAST_STEP)
    first = np.minimum(first, LAST_STEP)
    column = np.arange(COLUMNS)
    before, after = above[column, first - 1], above[column, first]
    share = np.clip(before / (before - after + 1e-6), 0, 1)
    steps = first - 1 + share
    smooth = np.convolve(
        np.pad(steps[:-1], 2, mode="wrap"), [0.1, 0.2, 0.4, 0.2, 0.1], "valid"
    )
    return np.append(smooth, smooth[0])


def _lumps(rng: np.random.Generator, cut: Cut) -> NDArray[np.float64]:
    rows = SCALP_ROWS + HANGING_ROWS
    coarse = rng.standard_normal((rows, COLUMNS - 1))
    coarse = (coarse + np.roll(coarse, 1, 1) + np.roll(coarse, 1, 0)) / np.sqrt(3)
    return np.clip(1 + cut.lumps * np.column_stack([coarse, coarse[:, :1]]), 0.3, 2.0)


def _layer(
    surface: NDArray[np.floating],
    directions: NDArray[np.float64],
    begins: NDArray[np.float64],
    lift: NDArray[np.float64],
    length: float,
    *,
    layer: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    around = np.linspace(-np.pi, np.pi, COLUMNS)
    facing = smoothstep(np.deg2rad(62), np.deg2rad(42), np.abs(around))
    rows = SCALP_ROWS + HANGING_ROWS
    points = np.empty((rows, COLUMNS, 3))
    for row in range(rows):
        share = row / (SCALP_ROWS - 1)
        on_skin = begins * min(share, 1.0)
        forward = begins + (share - 1) * 9.0
        steps = np.where(share > 1, forward * facing + begins * (1 - facing), on_skin)
        base, spoke = _at(surface, steps), _at(directions, steps)
        thin = 0.035 * min(1.0, max(0.0, share - 0.9) / 0.2) + 0.024
        taper = thin / lift[row] + 1 - np.clip(share, 0, 1) ** 5
        hanging = max(0.0, share - 1) / ((rows - 1) / (SCALP_ROWS - 1) - 1)
        beside = np.maximum(taper, 0.55 * (1 - facing) * (length > 0.15))
        point = base + spoke * (lift[row] * beside)[:, None]
        points[row] = point + _fall(point, hanging * length, 1 - facing, length)
    u = np.broadcast_to(np.linspace(0, 0.99999, COLUMNS) + layer, (rows, COLUMNS))
    scalp = np.arange(rows) / (SCALP_ROWS - 1)
    v = np.where(scalp > 1, 1 + (scalp - 1) / ((rows - 1) / (SCALP_ROWS - 1) - 1), scalp)
    return points, np.stack([u, np.broadcast_to(v[:, None], u.shape)], -1)


def _fall(
    point: NDArray[np.float64], drop: float, hangs: NDArray[np.float64], length: float
) -> NDArray[np.float64]:
    """Return the path from the hairline down by `drop`, past the ears."""
    if drop <= 0:
        return np.zeros_like(point)
    outward = point[:, [0, 2]] - np.array([0.0, 0.25])
    radius = np.linalg.norm(outward, axis=1, keepdims=True) + 1e-6
    wanted = np.maximum(radius, 0.88 if length > 0.5 else 0.6) - 0.035 * drop**2
    move = outward / radius * (wanted - radius) * min(1.0, drop / 0.25)
    return (
        np.stack([move[:, 0], np.full(len(point), -drop), move[:, 1]], 1) * hangs[:, None]
    )


def _at(values: NDArray[np.floating], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.clip(steps, 0, STEPS - 1.001)
    low = steps.astype(int)
    share = (steps - low)[:, None]
    column = np.arange(COLUMNS)
    return values[column, low] * (1 - share) + values[column, low + 1] * share


def _strand_ends(
    rng: np.random.Generator, cut: Cut, layer: int, fringe: NDArray[np.float64]
) -> NDArray[np.float64]:
    around = np.abs((np.arange(STRANDS) + 0.5) / STRANDS * 2 - 1) * np.pi
    ragged = rng.standard_normal(STRANDS)
    locks = np.repeat(rng.standard_normal(STRANDS // STRANDS_OF_LOCK), STRANDS_OF_LOCK)
    locks = np.convolve(np.pad(locks, 4, mode="wrap"), np.full(9, 1 / 9), "valid")
    ends = 0.975 + 0.014 * ragged + 0.010 * locks
    hangs = smoothstep(np.deg2rad(50), np.deg2rad(64), around)
    if cut.length > 0:
        hanging = 1.84 + 0.05 * ragged + 0.08 * locks
        ends = ends * (1 - hangs) + hanging * hangs
    covered = np.minimum(1.0, 8 * fringe)
    ends = np.maximum(ends, 0.975 + fringe + covered * (0.035 * ragged + 0.06 * locks))
    if layer == 0:
        ends[rng.random(STRANDS) < 0.10] -= 0.10
    return ends


def _fringe(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the extent of each strand over the forehead, swept away from a parting."""
    signed = (np.arange(STRANDS) + 0.5) / STRANDS * 2 - 1
    covered = smoothstep(np.deg2rad(60), np.deg2rad(44), np.abs(signed) * np.pi)
    parting = rng.uniform(-0.22, 0.22)
    swept = smoothstep(0.0, 0.24, np.abs(signed - parting))
    return covered * rng.uniform(0.18, 0.45) * (0.35 + 0.65 * swept)
