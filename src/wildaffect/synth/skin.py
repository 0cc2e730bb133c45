"""The face's color in texture space: skin, lips, brows, marks, stubble, scalp."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.hair import hairline_height
from wildaffect.synth.noise import bump, noise_picture, smoothstep
from wildaffect.synth.render.texels import TexelMap
from wildaffect.synth.traits import Traits

EYE_X, EYE_Y = 0.308, 7.284
"""Center of the eyes on the unchanged head, either side."""
AGE_LINES = np.array([0.65, 0.2, 0.7, 0.9, 1.0, 0.2, 0.8, 0.4, 0.35], np.float32)


def paint_face(traits: Traits, texels: TexelMap) -> NDArray[np.float32]:
    """Return linear albedo and gloss of every texel, shape (H, W, 4)."""
    rng = np.random.default_rng((traits.seed, 0x5C1))
    shape = texels.lips.shape
    coarse = noise_picture(rng, shape, 6, 3, 0.55)
    fine = noise_picture(rng, shape, 40, 4, 0.8)
    color = _skin(rng, traits, texels, coarse, fine)
    color = _marks(rng, traits, texels, color)
    color = _lips(rng, traits, texels, color, fine)
    color, brow = _brows(rng, traits, texels, color, coarse)
    color = _lash_line(rng, traits, texels, color)
    color = _beard(rng, traits, texels, color, fine)
    color, scalp = _scalp(traits, texels, color, coarse, fine)
    z = texels.position[..., 2]
    oily = 0.55 + 0.45 * bump(np.abs(texels.position[..., 0]), 0.35) * (z > 0.8)
    gloss = oily * (1 + 0.10 * fine) * (1 - 0.8 * scalp) * (1 - 0.6 * brow)
    gloss *= 1 + 1.2 * texels.lips
    return np.ascontiguousarray(
        np.dstack([np.clip(color, 0.004, 1), np.clip(gloss, 0, 2)]).astype(np.float32)
    )


def _skin(
    rng: np.random.Generator,
    traits: Traits,
    texels: TexelMap,
    coarse: NDArray[np.float32],
    fine: NDArray[np.float32],
) -> NDArray[np.float32]:
    side, y, z = _axes(texels)
    tone = 1 + 0.045 * coarse + 0.028 * fine
    color = traits.skin.astype(np.float32) * tone[..., None]
    blush = 0.35 * bump(side - 0.45, 0.2) * bump(y - 6.95, 0.16)
    blush += 0.40 * bump(side, 0.12) * bump(y - 6.95, 0.1)
    blush += 0.3 * bump(side - 0.80, 0.1) * bump(y - 7.1, 0.3)
    blush *= rng.uniform(0.2, 0.9) * (1 - 0.6 * traits.melanin)
    color[..., 1] *= 1 - 0.30 * blush
    color[..., 2] *= 1 - 0.28 * blush
    front = smoothstep(0.0, 0.5, z + 0.5)
    hollow = bump(side - 0.30, 0.19) * bump(y - (EYE_Y + 0.02), 0.11)
    dark = 0.32 * hollow * rng.uniform(0.5, 1.2)
    dark += (
        0.18
        * bump(side - 0.26, 0.13)
        * bump(y - (EYE_Y - 0.16), 0.05)
        * rng.uniform(0, 1.6)
    )
    dark += 0.30 * bump(side - 0.15, 0.045) * bump(y - 6.93, 0.06)
    dark += 0.22 * bump(side, 0.2) * bump(y - 6.545, 0.03)
    dark += 0.38 * bump(side, 0.12) * bump(y - 6.87, 0.033)
    dark += 0.40 * (1 - smoothstep(6.1, 6.45, y)) * (z < 1.25)
    dark += 0.45 * bump(side - 0.78, 0.05) * bump(y - 7.1, 0.16) * (z < 0.42)
    color *= np.exp(-dark * front)[..., None]
    lines = texels.wrinkles @ AGE_LINES * np.float32(0.7 / 255)
    color *= np.exp(-lines * smoothstep(0.2, 0.95, np.float64(traits.age)))[..., None]
    return color


def _marks(
    rng: np.random.Generator, traits: Traits, texels: TexelMap, color: NDArray[np.float32]
) -> NDArray[np.float32]:
    side, y, z = _axes(texels)
    x = texels.position[..., 0]
    if rng.random() < 0.22 and traits.melanin < 0.35:
        spots = np.clip(noise_picture(rng, x.shape, 110, 2, 0.8) - 1.3, 0, 1.2)
        spots *= bump(side - 0.28, 0.36) * bump(y - 7.02, 0.25) * (z > 0.8)
        color *= np.exp(-spots[..., None] * np.array([0.35, 0.6, 0.8], np.float32))
    for _ in range(rng.poisson(1.1)):
        cx, cy = rng.uniform(-0.6, 0.6), rng.uniform(6.4, 7.9)
        mole = bump(np.hypot(x - cx, y - cy), rng.uniform(0.010, 0.018)) * (z > 0.6)
        color *= np.exp(-rng.uniform(0.6, 1.3) * mole)[..., None]
    return color


def _lips(
    rng: np.random.Generator,
    traits: Traits,
    texels: TexelMap,
    color: NDArray[np.float32],
    fine: NDArray[np.float32],
) -> NDArray[np.float32]:
    natural = traits.skin * np.array([0.86, 0.60, 0.62])
    painted = np.array([0.34, 0.06, 0.08]) * rng.uniform(0.6, 1.1)
    wears = rng.random() < 0.30 * (1 - traits.maleness)
    tone = 0.35 * natural + 0.65 * painted if wears else natural
    share = (texels.lips * rng.uniform(0.55, 0.9))[..., None]
    return color * (1 - share) + tone * (1 + 0.05 * fine[..., None]) * share


def _brows(
    rng: np.random.Generator,
    traits: Traits,
    texels: TexelMap,
    color: NDArray[np.float32],
    coarse: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    side, y, z = _axes(texels)
    along = (side - 0.10) / rng.uniform(0.37, 0.42)
    arch = rng.uniform(0.02, 0.09) * (1.15 - 0.45 * traits.maleness)
    middle = 7.435 + rng.normal(0, 0.012) - 0.03 * traits.maleness - 0.02 * along
    middle += arch * np.sin(np.clip(along, 0, 1) * np.pi * 0.72)
    thick = rng.uniform(0.026, 0.046) * (0.75 + 0.5 * traits.maleness)
    thick = thick * (1 - 0.55 * np.clip(along, 0, 1))
    share = bump(y - middle, thick) * smoothstep(-0.06, 0.12, along)
    share *= (1 - smoothstep(0.82, 1.05, along)) * (z > 0.7)
    hairs = 0.84 + 0.16 * np.sin((side * 1.3 + y * 0.8) * 170 + 3 * coarse)
    share = np.clip(share * hairs * rng.uniform(0.6, 1.0), 0, 0.92)
    share = np.asarray(share, np.float32)
    brow = traits.brow.astype(np.float32) * np.float32(0.9)
    return color * (1 - share[..., None]) + brow * share[..., None], share


def _lash_line(
    rng: np.random.Generator, traits: Traits, texels: TexelMap, color: NDArray[np.float32]
) -> NDArray[np.float32]:
    side, y, z = _axes(texels)
    ring = np.hypot((side - EYE_X) / 1.25, y - EYE_Y) - 0.145
    line = bump(ring, 0.012) * (y > EYE_Y) * (z > 0.9)
    dark = line * rng.uniform(0.1, 0.55) * (1 - 0.6 * traits.maleness)
    return color * (1 - np.asarray(dark, np.float32))[..., None]


def _beard(
    rng: np.random.Generator,
    traits: Traits,
    texels: TexelMap,
    color: NDArray[np.float32],
    fine: NDArray[np.float32],
) -> NDArray[np.float32]:
    side, y, z = _axes(texels)
    jaw = smoothstep(7.02, 6.62, y) * smoothstep(5.95, 6.2, y) * smoothstep(-0.1, 0.3, z)
    jaw = np.maximum(jaw, smoothstep(7.35, 7.0, y) * bump(side - 0.76, 0.10) * (z > 0.42))
    if rng.random() < 0.3:
        jaw = jaw * (1 - smoothstep(0.26, 0.40, side))
    mustache = bump(y - 6.845, 0.055) * (1 - smoothstep(0.26, 0.36, side)) * (z > 0.9)
    area = np.maximum(jaw, mustache) * (1 - np.clip(texels.lips * 1.6, 0, 1))
    shaven = 0.10 * traits.maleness**4 * (1 - 0.5 * traits.melanin)
    strength = max(traits.beard, shaven if traits.age > 0.02 else 0.0)
    share = np.clip(area * strength * (0.88 + 0.05 * fine), 0, 0.92)[..., None]
    return color * (1 - share) + traits.hair * 0.75 * (1 + 0.12 * fine[..., None]) * share


def _scalp(
    traits: Traits,
    texels: TexelMap,
    color: NDArray[np.float32],
    coarse: NDArray[np.float32],
    fine: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    side, y, z = _axes(texels)
    line = hairline_height(traits, side, z) + 0.02 * coarse
    share = smoothstep(-0.08, 0.09, y - line + 0.03 * fine)
    ear = smoothstep(0.70, 0.76, side) * smoothstep(7.66, 7.58, y) * (z < 0.5)
    share = share * (1 - ear) * (0.22 if traits.hair_style == "bald" else 1.0)
    tone = traits.hair * (0.85 + 0.13 * fine[..., None])
    share = np.clip(share, 0, 0.97)
    return color * (1 - share[..., None]) + tone * share[..., None], share


def _axes(
    texels: TexelMap,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    position = texels.position
    return np.abs(position[..., 0]), position[..., 1], position[..., 2]
