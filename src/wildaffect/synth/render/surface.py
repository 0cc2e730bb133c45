"""Appearance of a surface point before lighting, by material.

Colors are linear RGB. `paint` returns four numbers of the surface (albedo, then a gloss
factor or the tone of a strand) and four of its finish: strength of highlights, number of
squarings, softness of skin, share of the key light that arrives regardless of shadows.
Procedural colors depend on positions on the unchanged head. Compiled functions: their
arguments are plain arrays and numbers.
"""

import numpy as np
from numba import njit

from wildaffect.synth.asset import Material

SKIN, LEFT_EYE = int(Material.SKIN), int(Material.LEFT_EYE)
RIGHT_EYE, TEETH = int(Material.RIGHT_EYE), int(Material.TEETH)
TONGUE, LASHES = int(Material.TONGUE), int(Material.LASHES)
CAVITY, TORSO, HAIR = int(Material.MOUTH_CAVITY), int(Material.TORSO), int(Material.HAIR)
GLOSS, SKIN_FLAT, IRIS, HAIR_COLOR, CLOTH = 16, 17, 20, 23, 26
TEETH_COLOR, COLLAR = 29, 32
"""Offset of each in the `look` of `renderer.packed_look`; texture box first."""
ROOTED = 1.04
"""End of a strand below which it lies on the scalp; longer strands hang free."""
WRINKLE_STEP = 1 / 255
"""Depth of one step of a stored wrinkle."""


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def smooth(low, high, x):
    """Return 0 at `low`, 1 at `high` and a cubic between."""
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint(t, m, u, v, rest, texture, wrinkles, depths, tints, tones, ends, look, eyes):
    """Return the surface and the finish of a point of triangle `t`, material `m`.

    `u` and `v` are its texture coordinates, `rest` its place on the unchanged head. `eyes`
    holds for each eye its center, its direction and how far edges soften, (2, 7).
    """
    finish = (0.0, 4, 0.0, 0.0)
    if m == SKIN:
        base = _skin(u, v, texture, wrinkles, depths, look)
        finish = (look[GLOSS] * base[3], 4, 1.0, 0.0)
    elif m in (LEFT_EYE, RIGHT_EYE):
        base = _eye(rest, eyes, m - LEFT_EYE, look)
        finish = (0.5, 7, 0.0, 0.35)
    elif m in (TEETH, TONGUE, CAVITY, LASHES):
        base = _mouth(m, rest, look)
        finish = (0.12, 5, 0.0, 0.4)
    elif m == HAIR:
        base = _hair(u, v, tones, ends, look)
    elif m == TORSO:
        base = _torso(rest, look)
        finish = (0.0, 4, base[3], 0.0)
    else:
        base = (float(tints[t, 0]), float(tints[t, 1]), float(tints[t, 2]), 1.0)
        finish = (float(tints[t, 3]), 5, float(tints[t, 4]), 0.0)
    return base, finish


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _skin(u, v, texture, wrinkles, depths, look):
    rows, columns = texture.shape[0], texture.shape[1]
    fx = (u - look[0]) / (look[1] - look[0]) * columns - 0.5
    fy = (look[3] - v) / (look[3] - look[2]) * rows - 0.5
    ix = min(max(int(fx), 0), columns - 2)
    iy = min(max(int(fy), 0), rows - 2)
    dx = min(max(fx - ix, 0.0), 1.0)
    dy = min(max(fy - iy, 0.0), 1.0)
    shares = ((1 - dx) * (1 - dy), dx * (1 - dy), (1 - dx) * dy, dx * dy)
    folded = 0.0
    for k in range(wrinkles.shape[2]):
        if depths[k] > 0.01:
            folded += depths[k] * _texel(wrinkles, iy, ix, k, shares)
    folded *= WRINKLE_STEP
    dark = np.exp(-folded) if folded > 0.004 else 1.0
    redder = 1 - 0.07 * min(folded, 1.0)
    return (
        dark * _texel(texture, iy, ix, 0, shares),
        dark * redder * _texel(texture, iy, ix, 1, shares),
        dark * redder * _texel(texture, iy, ix, 2, shares),
        _texel(texture, iy, ix, 3, shares),
    )


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _texel(picture, row, column, channel, shares):
    upper = shares[0] * picture[row, column, channel]
    upper += shares[1] * picture[row, column + 1, channel]
    lower = shares[2] * picture[row + 1, column, channel]
    return upper + lower + shares[3] * picture[row + 1, column + 1, channel]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _eye(rest, eyes, which, look):
    x, y, z = rest[0] - eyes[which, 0], rest[1] - eyes[which, 1], rest[2] - eyes[which, 2]
    inv = 1 / np.sqrt(x * x + y * y + z * z + 1e-9)
    cosine = x * eyes[which, 3] + y * eyes[which, 4] + z * eyes[which, 5]
    angle, soft = np.arccos(min(1.0, max(-1.0, cosine * inv))), eyes[which, 6]
    ring = 0.62 + 0.5 * smooth(0.16, 0.34, angle)
    ring *= 1 - 0.55 * smooth(0.34, 0.43, angle)
    pupil = 1 - smooth(0.17 - soft, 0.17 + soft, angle)
    white = smooth(0.44 - soft, 0.44 + soft, angle)
    under_lid = 1 - 0.5 * smooth(0.02, 0.10, y)
    under_lid *= 1 - 0.35 * smooth(0.08, 0.145, abs(x))
    red = 0.05 * smooth(0.6, 1.2, angle)
    inner, dark = ring * (1 - pupil) * (1 - white), 0.008 * pupil * (1 - white)
    return (
        (look[IRIS] * inner + dark + 0.44 * white) * under_lid,
        (look[IRIS + 1] * inner + dark + (0.415 - red) * white) * under_lid,
        (look[IRIS + 2] * inner + dark + (0.39 - red) * white) * under_lid,
        1.0,
    )


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _mouth(m, rest, look):
    x, y, z = rest
    if m == TEETH:
        inside = 0.16 + 0.84 * smooth(1.12, 1.44, z)
        gum = min(1.0, smooth(6.775, 6.80, y) + 1 - smooth(6.455, 6.475, y))
        gap = (1 - 0.16 * smooth(0.55, 1.0, abs(np.sin(x * 41.0)))) * (1 - gum)
        red = inside * (look[TEETH_COLOR] * gap + 0.33 * gum)
        green = inside * (look[TEETH_COLOR + 1] * gap + 0.125 * gum)
        blue = inside * (look[TEETH_COLOR + 2] * gap + 0.125 * gum)
    elif m == TONGUE:
        inside = 0.15 + 0.85 * smooth(0.95, 1.4, z)
        red, green, blue = 0.36 * inside, 0.13 * inside, 0.13 * inside
    elif m == CAVITY:
        inside = 0.06 + 0.5 * smooth(1.2, 1.52, z)
        red, green, blue = 0.26 * inside, 0.07 * inside, 0.065 * inside
    else:
        red = 0.012 + 0.25 * look[HAIR_COLOR]
        green = 0.012 + 0.25 * look[HAIR_COLOR + 1]
        blue = 0.012 + 0.25 * look[HAIR_COLOR + 2]
    return red, green, blue, 1.0


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _hair(u, v, tones, ends, look):
    """Return the color of a strand and its tone; skin shows where it grows or is thin."""
    place = u * tones.shape[1] * 0.5
    row = min(int(v * 12 + 0.5 + 0.5 * np.sin(0.6 * place)), tones.shape[0] - 1)
    first = min(int(place), tones.shape[1] - 2)
    share = place - first
    tone = tones[row, first] * (1 - share) + tones[row, first + 1] * share
    scalp = 0.55 * smooth(0.85, 1.0, v) if ends[first] < ROOTED else 0.0
    worn = tone * (1 - scalp)
    return (
        look[HAIR_COLOR] * worn + look[SKIN_FLAT] * scalp,
        look[HAIR_COLOR + 1] * worn + look[SKIN_FLAT + 1] * scalp,
        look[HAIR_COLOR + 2] * worn + look[SKIN_FLAT + 2] * scalp,
        tone,
    )


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _torso(rest, look):
    """Return cloth below the collar and skin above it; last, how much is skin."""
    x, y, z = rest
    stripes, neckline = look[COLLAR], look[COLLAR + 1]
    drop = neckline + 0.55 * max(0.0, abs(x) - 0.28)
    if neckline < 5.6:
        drop -= 0.25 * smooth(0.5, -0.4, z)
    dressed = 1 - smooth(drop - 0.02, drop + 0.02, y)
    stripe = 1.0
    if stripes > 0:
        stripe = 0.72 + 0.28 * smooth(-0.15, 0.15, np.sin(y * stripes))
    weave = 1 + 0.04 * np.sin(x * 23 + 3 * np.sin(y * 7))
    gathered = np.sin(4.2 * abs(x) - 2.6 * y + 0.8 * np.sin(2.3 * y + 1.7 * x) + 1.5 * z)
    weave *= 0.95 + 0.09 * gathered * smooth(drop - 0.1, drop - 0.6, y)
    seam = drop - 0.13
    rim = (1 - 0.35 * smooth(0.022, 0.0, abs(y - seam))) * (
        1 - 0.12 * smooth(seam, drop, y)
    )
    worn, bare = dressed * stripe * weave * rim, 1 - dressed
    return (
        look[SKIN_FLAT] * bare + look[CLOTH] * worn,
        look[SKIN_FLAT + 1] * bare + look[CLOTH + 1] * worn,
        look[SKIN_FLAT + 2] * bare + look[CLOTH + 2] * worn,
        bare,
    )
