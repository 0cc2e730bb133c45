"""What a point of a person looks like before light falls on it, material by material.

Colours are linear RGB. Each function writes `base` (albedo, then a gloss factor) and
`gloss` (strength of highlights, how often they are squared, softness of skin, share of the
key light that gets there whatever shadows say). Procedural colours look at places on the
unchanged head. Compiled functions: their arguments are plain arrays and numbers.
"""

import numpy as np
from numba import njit

from wildaffect.synth.asset import Material
from wildaffect.synth.render.vectors import REST, TEXTURE

SKIN, LEFT_EYE = int(Material.SKIN), int(Material.LEFT_EYE)
RIGHT_EYE, TEETH = int(Material.RIGHT_EYE), int(Material.TEETH)
TONGUE, LASHES = int(Material.TONGUE), int(Material.LASHES)
CAVITY, TORSO, HAIR = int(Material.MOUTH_CAVITY), int(Material.TORSO), int(Material.HAIR)
GLOSS, SKIN_FLAT, IRIS, HAIR_COLOUR, CLOTH = 16, 17, 20, 23, 26
TEETH_COLOUR, COLLAR = 29, 32
"""Where each begins in the `look` of `renderer.packed_look`; texture box first."""


@njit(cache=True, fastmath=True)
def smooth(low, high, x):
    """Return 0 at `low`, 1 at `high` and a cubic between."""
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True)
def paint(t, m, vectors, texture, wrinkles, depths, tints, tones, look, eyes, base, gloss):
    """Write the look of a point of triangle `t`, material `m`, which lies at `vectors`.

    `eyes` holds for each eye its centre, its direction and how far edges soften, (2, 7).
    """
    gloss[0], gloss[1], gloss[2], gloss[3] = 0.0, 4.0, 0.0, 0.0
    if m == SKIN:
        _skin(vectors, texture, wrinkles, depths, look, base)
        gloss[0], gloss[1], gloss[2] = look[GLOSS] * base[3], 4.0, 1.0
    elif m in (LEFT_EYE, RIGHT_EYE):
        _eye(vectors, eyes, m - LEFT_EYE, look, base)
        gloss[0], gloss[1], gloss[3] = 0.5, 7.0, 0.35
    elif m in (TEETH, TONGUE, CAVITY, LASHES):
        _mouth(m, vectors, look, base)
        gloss[0], gloss[1], gloss[3] = 0.12, 5.0, 0.4
    elif m == HAIR:
        _hair(vectors, tones, look, base)
    elif m == TORSO:
        gloss[2] = _torso(vectors, look, base)
    else:
        for k in range(3):
            base[k] = tints[t, k]
        gloss[0], gloss[1], gloss[2] = tints[t, 3], 5.0, tints[t, 4]


@njit(cache=True, fastmath=True)
def _skin(vectors, texture, wrinkles, depths, look, base):
    u, v = vectors[TEXTURE, 0], vectors[TEXTURE, 1]
    rows, columns = texture.shape[0], texture.shape[1]
    fx = (u - look[0]) / (look[1] - look[0]) * columns - 0.5
    fy = (look[3] - v) / (look[3] - look[2]) * rows - 0.5
    ix = min(max(int(fx), 0), columns - 2)
    iy = min(max(int(fy), 0), rows - 2)
    dx = min(max(fx - ix, 0.0), 1.0)
    dy = min(max(fy - iy, 0.0), 1.0)
    q00, q01, q10, q11 = (1 - dx) * (1 - dy), dx * (1 - dy), (1 - dx) * dy, dx * dy
    for k in range(4):
        upper = q00 * texture[iy, ix, k] + q01 * texture[iy, ix + 1, k]
        base[k] = upper + q10 * texture[iy + 1, ix, k] + q11 * texture[iy + 1, ix + 1, k]
    folded = 0.0
    for k in range(wrinkles.shape[2]):
        if depths[k] > 0.01:
            upper = q00 * wrinkles[iy, ix, k] + q01 * wrinkles[iy, ix + 1, k]
            lower = q10 * wrinkles[iy + 1, ix, k] + q11 * wrinkles[iy + 1, ix + 1, k]
            folded += depths[k] * (upper + lower)
    if folded == 0.0:
        return
    dark = np.exp(-folded)
    redder = 1 - 0.07 * min(folded, 1.0)
    base[0] *= dark
    base[1] *= dark * redder
    base[2] *= dark * redder


@njit(cache=True, fastmath=True)
def _eye(vectors, eyes, which, look, base):
    x = vectors[REST, 0] - eyes[which, 0]
    y = vectors[REST, 1] - eyes[which, 1]
    z = vectors[REST, 2] - eyes[which, 2]
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
    for k in range(3):
        inner = look[IRIS + k] * ring * (1 - pupil) + 0.008 * pupil
        sclera = 0.44 - 0.025 * k - red * (k > 0)
        base[k] = (inner * (1 - white) + sclera * white) * under_lid


@njit(cache=True, fastmath=True)
def _mouth(m, vectors, look, base):
    x, y, z = vectors[REST, 0], vectors[REST, 1], vectors[REST, 2]
    if m == TEETH:
        inside = 0.16 + 0.84 * smooth(1.12, 1.44, z)
        gum = smooth(6.775, 6.80, y) + 1 - smooth(6.455, 6.475, y)
        gap = 1 - 0.16 * smooth(0.55, 1.0, abs(np.sin(x * 41.0)))
        for k in range(3):
            pink = 0.33 if k == 0 else 0.125
            base[k] = inside * (look[TEETH_COLOUR + k] * gap * (1 - gum) + pink * gum)
    elif m == TONGUE:
        inside = 0.15 + 0.85 * smooth(0.95, 1.4, z)
        base[0], base[1], base[2] = 0.36 * inside, 0.13 * inside, 0.13 * inside
    elif m == CAVITY:
        inside = 0.06 + 0.5 * smooth(1.2, 1.52, z)
        base[0], base[1], base[2] = 0.26 * inside, 0.07 * inside, 0.065 * inside
    else:
        for k in range(3):
            base[k] = 0.012 + 0.25 * look[HAIR_COLOUR + k]


@njit(cache=True, fastmath=True)
def _hair(vectors, tones, look, base):
    place = vectors[TEXTURE, 0] * tones.shape[1] * 0.5
    row = min(int(vectors[TEXTURE, 1] * 6), tones.shape[0] - 1)
    first = int(place) % tones.shape[1]
    second = (first + 1) % tones.shape[1]
    share = place - int(place)
    tone = tones[row, first] * (1 - share) + tones[row, second] * share
    for k in range(3):
        base[k] = look[HAIR_COLOUR + k] * tone
    base[3] = tone


@njit(cache=True, fastmath=True)
def _torso(vectors, look, base):
    """Write cloth below the collar and skin above it; return how much is skin."""
    x, y, z = vectors[REST, 0], vectors[REST, 1], vectors[REST, 2]
    stripes, neckline = look[COLLAR], look[COLLAR + 1]
    drop = neckline + 0.55 * max(0.0, abs(x) - 0.28)
    if neckline < 5.6:
        drop -= 0.25 * smooth(0.5, -0.4, z)
    dressed = 1 - smooth(drop - 0.02, drop + 0.02, y)
    stripe = 1.0
    if stripes > 0:
        stripe = 0.72 + 0.28 * smooth(-0.15, 0.15, np.sin(y * stripes))
    weave = 1 + 0.05 * np.sin(x * 23 + 3 * np.sin(y * 7))
    rim = 1 - 0.3 * dressed * smooth(drop - 0.09, drop - 0.03, y)
    for k in range(3):
        worn = look[CLOTH + k] * stripe * weave * rim
        base[k] = look[SKIN_FLAT + k] * (1 - dressed) + worn * dressed
    return 1 - dressed
