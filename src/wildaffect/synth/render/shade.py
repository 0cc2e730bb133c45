"""The colour of what is seen: skin, eyes, teeth, hair, cloth under one key light and sky.

Colours are linear RGB. Symbols: H, W pixels; samples are SUBSAMPLES times as many.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wildaffect.synth.asset import Material

SUBSAMPLES = 2
"""Samples per pixel along each axis."""
NUM_LOOK = 40
SKIN, LEFT_EYE, RIGHT_EYE = (
    int(Material.SKIN),
    int(Material.LEFT_EYE),
    int(Material.RIGHT_EYE),
)
TEETH, TONGUE, LASHES = int(Material.TEETH), int(Material.TONGUE), int(Material.LASHES)
CAVITY, TORSO, HAIR = int(Material.MOUTH_CAVITY), int(Material.TORSO), int(Material.HAIR)
EYE_MATERIALS_AT_LIDS = 0.34


@njit(cache=True, fastmath=True, inline="always")
def _smooth(low: float, high: float, x: float) -> float:
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True)
def _skin(u, v, texture, wrinkles, wrinkle_depth, face_uv, colour):  # type: ignore[no-untyped-def]
    """Write albedo and gloss of the face at texture coordinates (u, v)."""
    rows, columns = texture.shape[0], texture.shape[1]
    fx = (u - face_uv[0]) / (face_uv[1] - face_uv[0]) * columns - 0.5
    fy = (face_uv[3] - v) / (face_uv[3] - face_uv[2]) * rows - 0.5
    ix = min(max(int(fx), 0), columns - 2)
    iy = min(max(int(fy), 0), rows - 2)
    dx = min(max(fx - ix, 0.0), 1.0)
    dy = min(max(fy - iy, 0.0), 1.0)
    q00, q01 = (1 - dx) * (1 - dy), dx * (1 - dy)
    q10, q11 = (1 - dx) * dy, dx * dy
    for k in range(4):
        colour[k] = (
            q00 * texture[iy, ix, k]
            + q01 * texture[iy, ix + 1, k]
            + q10 * texture[iy + 1, ix, k]
            + q11 * texture[iy + 1, ix + 1, k]
        )
    folded = 0.0
    for k in range(wrinkles.shape[2]):
        if wrinkle_depth[k] > 0.01:
            folded += wrinkle_depth[k] * (
                q00 * wrinkles[iy, ix, k]
                + q01 * wrinkles[iy, ix + 1, k]
                + q10 * wrinkles[iy + 1, ix, k]
                + q11 * wrinkles[iy + 1, ix + 1, k]
            )
    dark = np.exp(-folded)
    redder = 0.07 * min(folded, 1.0)
    colour[0] *= dark
    colour[1] *= dark * (1 - redder)
    colour[2] *= dark * (1 - redder)


@njit(cache=True, fastmath=True)
def _eye(x, y, z, centre, gaze, iris, footprint, colour):  # type: ignore[no-untyped-def]
    """Write the albedo of an eyeball at a rest position; `footprint` in radians softens."""
    ex, ey, ez = x - centre[0], y - centre[1], z - centre[2]
    inv = 1 / np.sqrt(ex * ex + ey * ey + ez * ez + 1e-9)
    cosine = (ex * gaze[0] + ey * gaze[1] + ez * gaze[2]) * inv
    angle = np.arccos(min(1.0, max(-1.0, cosine)))
    ring = 0.62 + 0.5 * _smooth(0.16, 0.34, angle)
    ring *= 1 - 0.55 * _smooth(0.34, 0.43, angle)
    pupil = 1 - _smooth(0.17 - footprint, 0.17 + footprint, angle)
    white = _smooth(0.44 - footprint, 0.44 + footprint, angle)
    red = 0.05 * _smooth(0.6, 1.2, angle)
    for k in range(3):
        inner = iris[k] * ring * (1 - pupil) + 0.008 * pupil
        sclera = 0.44 - 0.025 * k - red * (k > 0)
        colour[k] = inner * (1 - white) + sclera * white


@njit(cache=True, fastmath=True)
def shade(
    seen, weights, zbuffer, triangles, uv, materials, tints, normals, lit, rest, posed,
    texture, wrinkles, wrinkle_depth, strand_tone, look, eye_centres, gaze, footprint,
    camera, colour, alpha,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Write premultiplied `colour` (H, W, 3) and `alpha` (H, W) in [0, 1].

    A sample takes the colour of an earlier sample of its pixel when both lie on the same
    material at about the same depth: edges keep SUBSAMPLES squared samples, smooth areas
    are shaded once. `look` packs light and colours (see `renderer.packed_look`).
    """
    height, width = alpha.shape
    face_uv = look[0:4]
    light, light_colour = look[4:7], look[7:10]
    sky, ground = look[10:13], look[13:16]
    gloss, skin_flat, iris = look[16], look[17:20], look[20:23]
    hair, cloth, teeth = look[23:26], look[26:29], look[29:32]
    stripes, neckline = look[32], look[33]
    fill, fill_colour = look[34:37], look[37:40]
    share = 1.0 / (SUBSAMPLES * SUBSAMPLES)
    base = np.zeros(4)
    memo = np.zeros((SUBSAMPLES * SUBSAMPLES, 5))
    for py in range(height):
        for px in range(width):
            kept = 0
            sums0 = sums1 = sums2 = covered = 0.0
            for s in range(SUBSAMPLES * SUBSAMPLES):
                sy = py * SUBSAMPLES + s // SUBSAMPLES
                sx = px * SUBSAMPLES + s % SUBSAMPLES
                t = seen[sy, sx]
                if t < 0:
                    continue
                covered += share
                m = materials[t]
                z = zbuffer[sy, sx]
                found = -1
                for k in range(kept):
                    if memo[k, 3] == m and abs(memo[k, 4] - z) < 0.05:
                        found = k
                        break
                if found >= 0:
                    sums0 += memo[found, 0]
                    sums1 += memo[found, 1]
                    sums2 += memo[found, 2]
                    continue
                w0, w1 = weights[sy, sx, 0], weights[sy, sx, 1]
                w2 = 1 - w0 - w1
                a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                nx = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
                ny = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
                nz = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
                inv = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
                nx, ny, nz = nx * inv, ny * inv, nz * inv
                wx = w0 * posed[a, 0] + w1 * posed[b, 0] + w2 * posed[c, 0]
                wy = w0 * posed[a, 1] + w1 * posed[b, 1] + w2 * posed[c, 1]
                wz = w0 * posed[a, 2] + w1 * posed[b, 2] + w2 * posed[c, 2]
                rx = w0 * rest[a, 0] + w1 * rest[b, 0] + w2 * rest[c, 0]
                ry = w0 * rest[a, 1] + w1 * rest[b, 1] + w2 * rest[c, 1]
                rz = w0 * rest[a, 2] + w1 * rest[b, 2] + w2 * rest[c, 2]
                reached = w0 * lit[a] + w1 * lit[b] + w2 * lit[c]
                vx, vy, vz = camera[0] - wx, camera[1] - wy, camera[2] - wz
                inv = 1 / np.sqrt(vx * vx + vy * vy + vz * vz)
                vx, vy, vz = vx * inv, vy * inv, vz * inv
                if nx * vx + ny * vy + nz * vz < 0 and m >= HAIR:
                    nx, ny, nz = -nx, -ny, -nz
                specular, shine, soft = 0.0, 20.0, 0.0
                tu = w0 * uv[t, 0, 0] + w1 * uv[t, 1, 0] + w2 * uv[t, 2, 0]
                tv = w0 * uv[t, 0, 1] + w1 * uv[t, 1, 1] + w2 * uv[t, 2, 1]
                if m == SKIN:
                    _skin(tu, tv, texture, wrinkles, wrinkle_depth, face_uv, base)
                    specular, shine, soft = gloss * base[3], 16.0, 1.0
                elif m == LEFT_EYE or m == RIGHT_EYE:
                    e = m - 1
                    _eye(rx, ry, rz, eye_centres[e], gaze[e], iris, footprint, base)
                    above = ry - eye_centres[e, 1]
                    shut = 1 - 0.5 * _smooth(0.02, 0.10, above)
                    side = abs(rx - eye_centres[e, 0])
                    shut *= 1 - 0.35 * _smooth(0.08, 0.145, side)
                    for k in range(3):
                        base[k] *= shut
                    specular, shine = 0.5, 130.0
                    reached = 0.35 + 0.65 * reached
                elif m == TEETH:
                    inside = 0.16 + 0.84 * _smooth(1.12, 1.44, rz)
                    gum = _smooth(6.775, 6.80, ry) + 1 - _smooth(6.455, 6.475, ry)
                    gap = 1 - 0.16 * _smooth(0.55, 1.0, abs(np.sin(rx * 41.0)))
                    pink0, pink1, pink2 = 0.33, 0.13, 0.12
                    base[0] = inside * (teeth[0] * gap * (1 - gum) + pink0 * gum)
                    base[1] = inside * (teeth[1] * gap * (1 - gum) + pink1 * gum)
                    base[2] = inside * (teeth[2] * gap * (1 - gum) + pink2 * gum)
                    specular, shine = 0.15, 40.0
                    reached = 0.4 + 0.6 * reached
                elif m == TONGUE:
                    inside = 0.15 + 0.85 * _smooth(0.95, 1.4, rz)
                    base[0], base[1], base[2] = 0.36 * inside, 0.13 * inside, 0.13 * inside
                    specular = 0.12
                elif m == LASHES:
                    for k in range(3):
                        base[k] = 0.012 + 0.25 * hair[k]
                elif m == CAVITY:
                    inside = 0.06 + 0.5 * _smooth(1.2, 1.52, rz)
                    base[0], base[1], base[2] = 0.26 * inside, 0.07 * inside, 0.065 * inside
                elif m == HAIR:
                    column = tu * strand_tone.shape[1]
                    row = min(int(tv * 6), strand_tone.shape[0] - 1)
                    i0 = int(column) % strand_tone.shape[1]
                    i1 = (i0 + 1) % strand_tone.shape[1]
                    frac = column - int(column)
                    tone = strand_tone[row, i0] * (1 - frac) + strand_tone[row, i1] * frac
                    for k in range(3):
                        base[k] = hair[k] * tone
                elif m == TORSO:
                    drop = neckline + 0.55 * max(0.0, abs(rx) - 0.28)
                    drop -= 0.25 * _smooth(0.5, -0.4, rz) * (1 if neckline < 5.6 else 0)
                    dressed = 1 - _smooth(drop - 0.02, drop + 0.02, ry)
                    stripe = 1.0
                    if stripes > 0:
                        stripe = 0.72 + 0.28 * _smooth(-0.15, 0.15, np.sin(ry * stripes))
                    weave = 1 + 0.05 * np.sin(rx * 23 + 3 * np.sin(ry * 7))
                    rim = 1 - 0.3 * dressed * _smooth(drop - 0.09, drop - 0.03, ry)
                    for k in range(3):
                        base[k] = skin_flat[k] * (1 - dressed)
                        base[k] += cloth[k] * stripe * weave * rim * dressed
                    soft = 1 - dressed
                else:
                    for k in range(3):
                        base[k] = tints[t, k]
                    specular, shine, soft = tints[t, 3], 40.0, tints[t, 4]
                facing = nx * light[0] + ny * light[1] + nz * light[2]
                direct = max(0.0, (facing + 0.12) / 1.12) * reached
                softer = max(0.0, (facing + 0.45) / 1.45) * (0.12 + 0.88 * reached)
                red = direct + soft * 0.40 * (softer - direct)
                green = direct + soft * 0.13 * (softer - direct)
                filled = max(0.0, nx * fill[0] + ny * fill[1] + nz * fill[2])
                up = 0.5 + 0.5 * ny
                hx, hy, hz = light[0] + vx, light[1] + vy, light[2] + vz
                inv = 1 / np.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
                hx, hy, hz = hx * inv, hy * inv, hz * inv
                if m == HAIR:
                    tx, ty, tz = nx * ny, ny * ny - 1.0, nz * ny
                    inv = 1 / np.sqrt(tx * tx + ty * ty + tz * tz + 1e-3)
                    along = (tx * hx + ty * hy + tz * hz) * inv + 0.12 * (
                        base[1] / (hair[1] + 1e-4) - 1
                    )
                    sheen = max(0.0, 1 - along * along) ** 24
                    spark = 0.10 * sheen * max(0.0, facing + 0.3) * reached
                    red = green = 0.25 + 0.75 * direct
                    red *= reached * 0.7 + 0.3
                    green = red
                else:
                    across = max(0.0, nx * hx + ny * hy + nz * hz)
                    spark = (
                        specular * across**shine * reached * max(0.0, min(1.0, facing * 4))
                    )
                rim = 1 - max(0.0, nx * vx + ny * vy + nz * vz)
                sheen_edge = 0.10 * soft * rim * rim * rim
                for k in range(3):
                    lighted = (red if k == 0 else green) * light_colour[k]
                    lighted += filled * fill_colour[k]
                    lighted += sky[k] * up + ground[k] * (1 - up)
                    value = base[k] * lighted + spark * light_colour[k]
                    value += sheen_edge * sky[k]
                    memo[kept, k] = value
                memo[kept, 3] = m
                memo[kept, 4] = z
                sums0 += memo[kept, 0]
                sums1 += memo[kept, 1]
                sums2 += memo[kept, 2]
                kept += 1
            alpha[py, px] = covered
            colour[py, px, 0] = sums0 * share
            colour[py, px, 1] = sums1 * share
            colour[py, px, 2] = sums2 * share
