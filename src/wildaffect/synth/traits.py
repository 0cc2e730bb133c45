"""Traits of a generated person, sampled from an identity seed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.noise import smoothstep

HairStyle = Literal["bald", "cropped", "short", "combed", "curly", "bob", "long", "tied"]
MEN_STYLES: dict[HairStyle, float] = {
    "bald": 0.09, "cropped": 0.26, "short": 0.28, "combed": 0.17, "curly": 0.10,
    "bob": 0.03, "long": 0.03, "tied": 0.04,
}  # fmt: skip
WOMEN_STYLES: dict[HairStyle, float] = {
    "bald": 0.005, "cropped": 0.045, "short": 0.10, "combed": 0.06, "curly": 0.12,
    "bob": 0.21, "long": 0.28, "tied": 0.18,
}  # fmt: skip
SKIN_TONES = np.array(
    [
        [0.87, 0.70, 0.61],
        [0.80, 0.60, 0.49],
        [0.66, 0.46, 0.34],
        [0.46, 0.30, 0.21],
        [0.29, 0.185, 0.13],
    ]
)
"""Skin tones from light to dark, display RGB; chosen within the range of published skin
charts."""
HAIR_TONES = np.array(
    [
        [0.010, 0.009, 0.008],
        [0.028, 0.017, 0.010],
        [0.075, 0.042, 0.022],
        [0.20, 0.125, 0.060],
        [0.135, 0.045, 0.016],
    ]
)
"""Black, dark brown, brown, blond, red; linear RGB."""
GRAY = np.array([0.30, 0.295, 0.29])
IRIS_TONES = np.array(
    [
        [0.055, 0.026, 0.012],
        [0.022, 0.012, 0.008],
        [0.070, 0.065, 0.028],
        [0.075, 0.125, 0.185],
        [0.085, 0.110, 0.105],
    ]
)

NUM_EARLY = 21
"""Leading entries of `DRAWN` whose traits come from the person's main generator. Action
units added later have a separate generator, so that people of existing seeds do not
change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Individual appearance and behavior of a person. Colors are linear RGB."""

    seed: int
    ancestry: NDArray[np.float64]
    """Shares of the African, Asian and European shape targets, summing to 1."""
    maleness: float
    """0 female to 1 male shape targets."""
    age: float
    """0 about 20 to 1 about 80 years."""
    weight: float
    """-1 thin to 1 heavy."""
    melanin: float
    """0 light to 1 dark."""
    skin: NDArray[np.float64]
    hair: NDArray[np.float64]
    brow: NDArray[np.float64]
    iris: NDArray[np.float64]
    teeth: NDArray[np.float64]
    cloth: NDArray[np.float64]
    cloth_stripes: float
    """Stripes per head unit times two pi; 0 plain."""
    neckline: float
    """Height of the collar in head units of the base mesh, about 5 to 6.2."""
    hair_style: HairStyle
    beard: float
    """0 none to 1 full."""
    glasses: Literal["none", "thin", "thick", "dark"]
    gain: NDArray[np.float32]
    """Expressiveness of each unit of `DRAWN`, shape (22,)."""
    asymmetry: NDArray[np.float32]
    """Left minus right half, shape (22,)."""
    resting: NDArray[np.float32]
    """Intensity of each of `DRAWN` in this face at rest, small, shape (22,)."""
    wrinkle_depth: NDArray[np.float32]
    """Depth of each wrinkle map at full action, shape (9,)."""


def draw_traits(seed: int) -> Traits:
    """Return the person of an identity seed; the same seed gives the same person."""
    rng = np.random.default_rng((seed, 0xFACE))
    later, num_later = np.random.default_rng((seed, 0x1A7E)), len(DRAWN) - NUM_EARLY
    ancestry = rng.dirichlet([0.35] * 3)
    maleness = float(np.clip(rng.beta(0.3, 0.3), 0.02, 0.98))
    age = float(rng.beta(1.2, 2.0))
    melanin = float(
        np.clip(ancestry @ [0.82, 0.33, 0.14] + rng.normal(0, 0.08), 0.02, 0.98)
    )
    hair, brow = _hair_colors(rng, melanin, age)
    styles = MEN_STYLES if maleness > 0.5 else WOMEN_STYLES
    style: HairStyle = list(styles)[rng.choice(len(styles), p=list(styles.values()))]
    bearded = rng.random() < 0.5 * float(smoothstep(0.5, 0.8, np.float64(maleness)))
    return Traits(
        seed=seed,
        ancestry=ancestry,
        maleness=maleness,
        age=age,
        weight=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        melanin=melanin,
        skin=_skin_color(rng, melanin),
        hair=hair,
        brow=brow,
        iris=_iris_color(rng, melanin),
        teeth=np.array([0.50, 0.46, 0.38]) * rng.uniform(0.75, 1.15),
        cloth=_cloth_color(rng),
        cloth_stripes=float(rng.choice([0, 0, 0, 0, 18.0, 34.0])),
        neckline=float(rng.choice([6.02, 5.85, 5.62, 5.35], p=[0.2, 0.35, 0.3, 0.15])),
        hair_style=style,
        beard=float(rng.choice([0.3, 0.45, 0.8, 1.0])) if bearded else 0.0,
        glasses=_glasses(rng),
        gain=np.clip(
            [*rng.lognormal(0, 0.18, NUM_EARLY), *later.lognormal(0, 0.18, num_later)],
            0.65,
            1.45,
        ).astype(np.float32),
        asymmetry=np.array(
            [*rng.normal(0, 0.10, NUM_EARLY), *later.normal(0, 0.10, num_later)], np.float32
        ),
        resting=_resting(rng),
        wrinkle_depth=(rng.uniform(0.2, 0.75, 9) + 0.45 * age).astype(np.float32),
    )


def _glasses(rng: np.random.Generator) -> Literal["none", "thin", "thick", "dark"]:
    drawn = rng.random()
    if drawn < 0.80:
        return "none"
    if drawn < 0.90:
        return "thin"
    return "thick" if drawn < 0.985 else "dark"


def _resting(rng: np.random.Generator) -> NDArray[np.float32]:
    resting = np.zeros(len(DRAWN))
    for number, spread in (
        (1, 0.06),
        (4, 0.07),
        (12, 0.14),
        (15, 0.03),
        (17, 0.03),
        (7, 0.07),
    ):
        resting[COLUMN[number]] = abs(rng.normal(0, spread))
    return np.clip(resting, 0, 0.22).astype(np.float32)


def _skin_color(rng: np.random.Generator, melanin: float) -> NDArray[np.float64]:
    place = melanin * (len(SKIN_TONES) - 1)
    low = min(int(place), len(SKIN_TONES) - 2)
    tone = SKIN_TONES[low] + (SKIN_TONES[low + 1] - SKIN_TONES[low]) * (place - low)
    tint = 1 + rng.normal(0, 0.025, 3)
    return np.clip(tone * tint, 0.02, 0.95) ** 2.2 * rng.uniform(0.92, 1.08)


def _hair_colors(
    rng: np.random.Generator, melanin: float, age: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    light = [0.20, 0.32, 0.27, 0.15, 0.06]
    dark = [0.74, 0.22, 0.04, 0.0, 0.0]
    tone = HAIR_TONES[rng.choice(5, p=light if melanin < 0.3 else dark)]
    tone = tone * rng.uniform(0.8, 1.3)
    gray = float(smoothstep(0.42, 0.9, np.float64(age + rng.normal(0, 0.12))))
    return tone * (1 - gray) + gray * GRAY, tone * (1 - 0.6 * gray) + 0.6 * gray * GRAY


def _iris_color(rng: np.random.Generator, melanin: float) -> NDArray[np.float64]:
    light = [0.3, 0.22, 0.16, 0.2, 0.12]
    dark = [0.25, 0.72, 0.03, 0, 0]
    return IRIS_TONES[rng.choice(5, p=light if melanin < 0.3 else dark)] * rng.uniform(
        0.8, 1.3
    )


def _cloth_color(rng: np.random.Generator) -> NDArray[np.float64]:
    value = rng.choice([0.02, 0.06, 0.15, 0.35, 0.6], p=[0.28, 0.26, 0.2, 0.13, 0.13])
    return np.clip(value * (1 + rng.normal(0, 0.22, 3)), 0.008, 0.75)
