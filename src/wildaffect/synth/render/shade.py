"""Shading of visible surfaces: one key light with shadows, a fill light, sky and ground.

Colors are linear RGB. Compiled functions: their arguments are plain arrays and numbers.
Symbols: H, W pixels; there are SUBSAMPLES times as many samples along each axis.
"""

import numpy as np
from numba import njit

from wildaffect.synth.render.raster import corner_weights
from wildaffect.synth.render.surface import HAIR, paint
from wildaffect.synth.render.vectors import blended, dot, three, unit

SUBSAMPLES = 2
"""Samples per pixel along each axis."""
LIGHT, KEY, SKY, GROUND, FILL, FILL_COLOR = 4, 7, 10, 13, 34, 37
"""Offset of each in the `look` of `renderer.packed_look`."""
SAME_DEPTH = 0.05
"""Person units within which samples of a pixel share one color."""


@njit(cache=True, fastmath=True, error_model="numpy")
def shade(
    xy, seen, zbuffer, triangles, uv, materials, tints, normals, lit, rest, posed,
    texture, wrinkles, depths, tones, ends, look, eyes, camera, color, alpha,
):  # fmt: skip
    """Write premultiplied `color` (H, W, 3) and `alpha` (H, W) in [0, 1].

    A sample reuses the color of an earlier sample of its pixel if both are on the same
    material at about the same depth: edges keep SUBSAMPLES squared samples, smooth areas
    are shaded once. `look` packs light and colors (`renderer.packed_look`).
    """
    samples = SUBSAMPLES * SUBSAMPLES
    memo = np.zeros((samples, 5))
    for pixel in range(alpha.size):
        py, px = pixel // alpha.shape[1], pixel % alpha.shape[1]
        covered = kept = 0
        red, green, blue = 0.0, 0.0, 0.0
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
                corners = (triangles[t, 0], triangles[t, 1], triangles[t, 2])
                weights = corner_weights(xy, corners, x, y)
                u, v = _texture_place(uv, t, weights)
                base, finish = paint(
                    t, materials[t], u, v, blended(rest, corners, weights), texture,
                    wrinkles, depths, tints, tones, ends, look, eyes,
                )  # fmt: skip
                normal = blended(normals, corners, weights)
                place = blended(posed, corners, weights)
                reached = weights[0] * lit[corners[0]] + weights[1] * lit[corners[1]]
                reached += weights[2] * lit[corners[2]]
                memo[found, 0], memo[found, 1], memo[found, 2] = _illuminate(
                    materials[t] == HAIR, reached, normal, place, look, camera, base, finish
                )
                memo[found, 3], memo[found, 4] = materials[t], zbuffer[y, x]
            red += memo[found, 0]
            green += memo[found, 1]
            blue += memo[found, 2]
        color[py, px, 0] = red / samples
        color[py, px, 1] = green / samples
        color[py, px, 2] = blue / samples
        alpha[py, px] = covered / samples


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _remembered(memo, kept, material, depth):
    found = -1
    for k in range(kept):
        if memo[k, 3] == material and abs(memo[k, 4] - depth) < SAME_DEPTH:
            found = k
    return found


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _texture_place(uv, t, weights):
    w0, w1, w2 = weights
    u = w0 * uv[t, 0, 0] + w1 * uv[t, 1, 0] + w2 * uv[t, 2, 0]
    return u, w0 * uv[t, 0, 1] + w1 * uv[t, 1, 1] + w2 * uv[t, 2, 1]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _illuminate(is_hair, reached, normal, place, look, camera, base, finish):
    """Return the color that leaves a sample toward the camera."""
    shine, squarings, soft, through = finish
    normal = unit(normal[0], normal[1], normal[2])
    view = unit(camera[0] - place[0], camera[1] - place[1], camera[2] - place[2])
    toward = dot(normal, view)
    if toward < 0:
        normal, toward = (-normal[0], -normal[1], -normal[2]), -toward
    light = three(look, LIGHT)
    half = unit(light[0] + view[0], light[1] + view[1], light[2] + view[2])
    reached = through + (1 - through) * reached
    facing = dot(normal, light)
    direct = max(0.0, (facing + 0.12) / 1.12) * reached
    bleeding = max(0.0, (facing + 0.45) / 1.45) * (0.12 + 0.88 * reached)
    red = direct + soft * 0.40 * (bleeding - direct)
    other = direct + soft * 0.13 * (bleeding - direct)
    if is_hair:
        red = other = (0.25 + 0.75 * direct) * (0.7 * reached + 0.3)
        spark = 0.055 * _sheen(normal, half, base[3]) * max(0.0, facing + 0.3) * reached
    else:
        lobe = max(0.0, dot(normal, half))
        for _ in range(squarings):
            lobe *= lobe
        spark = shine * lobe * max(0.0, min(1.0, facing * 4)) * reached
    filled = max(0.0, dot(normal, three(look, FILL)))
    up = 0.5 + 0.5 * normal[1]
    edge = 0.10 * soft * (1 - toward) ** 3
    return (
        _channel(0, red, filled, up, edge, spark, look, base[0]),
        _channel(1, other, filled, up, edge, spark, look, base[1]),
        _channel(2, other, filled, up, edge, spark, look, base[2]),
    )


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _channel(k, keyed, filled, up, edge, spark, look, albedo):
    lighted = keyed * look[KEY + k] + filled * look[FILL_COLOR + k]
    lighted += look[SKY + k] * up + look[GROUND + k] * (1 - up)
    return albedo * lighted + spark * look[KEY + k] + edge * look[SKY + k]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _sheen(normal, half, tone):
    """Return the highlight of strands that run down the surface, after Kajiya and Kay."""
    nx, ny, nz = normal
    x, y, z = nx * ny, ny * ny - 1.0, nz * ny
    inv = 1 / np.sqrt(x * x + y * y + z * z + 1e-3)
    along = x * half[0] + y * half[1] + z * half[2]
    along = along * inv + 0.30 * (tone - 1)
    across = max(0.0, 1 - along * along) ** 3
    return across**5
