"""Light on what is seen: one key light with shadows, a fill light, sky and ground.

Colours are linear RGB. Compiled functions: their arguments are plain arrays and numbers.
Symbols: H, W pixels; there are SUBSAMPLES times as many samples along each axis.
"""

import numpy as np
from numba import njit

from wildaffect.synth.render.surface import HAIR, paint
from wildaffect.synth.render.vectors import (
    HALF,
    NORMAL,
    POSED,
    REST,
    TEXTURE,
    VIEW,
    dot,
    dot_look,
    make_unit,
)

SUBSAMPLES = 2
"""Samples per pixel along each axis."""
LIGHT, KEY, SKY, GROUND, FILL, FILL_COLOUR = 4, 7, 10, 13, 34, 37
"""Where each begins in the `look` that `renderer.packed_look` packs."""
SAME_DEPTH = 0.05
"""Person units within which samples of a pixel share one colour."""


@njit(cache=True, fastmath=True)
def shade(
    seen, weights, zbuffer, triangles, uv, materials, tints, normals, lit, rest, posed,
    texture, wrinkles, depths, tones, look, eyes, camera, colour, alpha,
):  # fmt: skip
    """Write premultiplied `colour` (H, W, 3) and `alpha` (H, W) in [0, 1].

    A sample takes the colour of an earlier sample of its pixel when both lie on the same
    material at about the same depth: edges keep SUBSAMPLES squared samples, smooth areas
    are shaded once. `look` packs light and colours (`renderer.packed_look`).
    """
    samples = SUBSAMPLES * SUBSAMPLES
    base, gloss, vectors = np.zeros(4), np.zeros(4), np.zeros((6, 3))
    memo = np.zeros((samples, 5))
    for pixel in range(alpha.size):
        py, px = pixel // alpha.shape[1], pixel % alpha.shape[1]
        covered = kept = 0
        for k in range(3):
            colour[py, px, k] = 0
        for s in range(samples):
            y, x = py * SUBSAMPLES + s // SUBSAMPLES, px * SUBSAMPLES + s % SUBSAMPLES
            t = seen[y, x]
            if t < 0:
                continue
            covered += 1
            found = _remembered(memo, kept, materials[t], zbuffer[y, x])
            if found < 0:
                found = kept
                kept += 1
                w0, w1 = weights[y, x, 0], weights[y, x, 1]
                reached = _gather(
                    t, w0, w1, triangles, uv, normals, posed, rest, lit, camera, vectors
                )
                paint(
                    t, materials[t], vectors, texture, wrinkles, depths, tints, tones,
                    look, eyes, base, gloss,
                )  # fmt: skip
                _illuminate(
                    materials[t] == HAIR, reached, vectors, look, base, gloss, memo, found
                )
                memo[found, 3], memo[found, 4] = materials[t], zbuffer[y, x]
            for k in range(3):
                colour[py, px, k] += memo[found, k] / samples
        alpha[py, px] = covered / samples


@njit(cache=True, fastmath=True)
def _remembered(memo, kept, material, depth):
    for k in range(kept):
        if memo[k, 3] == material and abs(memo[k, 4] - depth) < SAME_DEPTH:
            return k
    return -1


@njit(cache=True, fastmath=True)
def _gather(t, w0, w1, triangles, uv, normals, posed, rest, lit, camera, vectors):
    """Write what a sample's place is, in every space; return how much key light."""
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    w2 = 1 - w0 - w1
    for k in range(3):
        vectors[NORMAL, k] = w0 * normals[a, k] + w1 * normals[b, k] + w2 * normals[c, k]
        vectors[POSED, k] = w0 * posed[a, k] + w1 * posed[b, k] + w2 * posed[c, k]
        vectors[REST, k] = w0 * rest[a, k] + w1 * rest[b, k] + w2 * rest[c, k]
        vectors[VIEW, k] = camera[k] - vectors[POSED, k]
    for k in range(2):
        vectors[TEXTURE, k] = w0 * uv[t, 0, k] + w1 * uv[t, 1, k] + w2 * uv[t, 2, k]
    make_unit(vectors, NORMAL)
    make_unit(vectors, VIEW)
    return w0 * lit[a] + w1 * lit[b] + w2 * lit[c]


@njit(cache=True, fastmath=True)
def _illuminate(is_hair, reached, vectors, look, base, gloss, out, row):
    """Write the colour that leaves a sample towards the camera into a row of `out`."""
    toward = dot(vectors, NORMAL, VIEW)
    if toward < 0:
        for k in range(3):
            vectors[NORMAL, k] = -vectors[NORMAL, k]
        toward = -toward
    for k in range(3):
        vectors[HALF, k] = look[LIGHT + k] + vectors[VIEW, k]
    make_unit(vectors, HALF)
    reached = gloss[3] + (1 - gloss[3]) * reached
    facing = dot_look(vectors, NORMAL, look, LIGHT)
    direct = max(0.0, (facing + 0.12) / 1.12) * reached
    bleeding = max(0.0, (facing + 0.45) / 1.45) * (0.12 + 0.88 * reached)
    red = direct + gloss[2] * 0.40 * (bleeding - direct)
    other = direct + gloss[2] * 0.13 * (bleeding - direct)
    if is_hair:
        red = other = (0.25 + 0.75 * direct) * (0.7 * reached + 0.3)
        spark = 0.10 * _sheen(vectors, base[3]) * max(0.0, facing + 0.3) * reached
    else:
        lobe = max(0.0, dot(vectors, NORMAL, HALF))
        for _ in range(int(gloss[1])):
            lobe *= lobe
        spark = gloss[0] * lobe * max(0.0, min(1.0, facing * 4)) * reached
    filled = max(0.0, dot_look(vectors, NORMAL, look, FILL))
    up = 0.5 + 0.5 * vectors[NORMAL, 1]
    edge = 0.10 * gloss[2] * (1 - toward) ** 3
    for k in range(3):
        lighted = (red if k == 0 else other) * look[KEY + k]
        lighted += filled * look[FILL_COLOUR + k]
        lighted += look[SKY + k] * up + look[GROUND + k] * (1 - up)
        out[row, k] = base[k] * lighted + spark * look[KEY + k] + edge * look[SKY + k]


@njit(cache=True, fastmath=True)
def _sheen(vectors, tone):
    """Return the highlight of strands that run down the surface, after Kajiya and Kay."""
    nx, ny, nz = vectors[NORMAL, 0], vectors[NORMAL, 1], vectors[NORMAL, 2]
    x, y, z = nx * ny, ny * ny - 1.0, nz * ny
    inv = 1 / np.sqrt(x * x + y * y + z * z + 1e-3)
    along = x * vectors[HALF, 0] + y * vectors[HALF, 1] + z * vectors[HALF, 2]
    along = along * inv + 0.12 * (tone - 1)
    across = max(0.0, 1 - along * along) ** 3
    return across**8
