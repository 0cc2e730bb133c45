"""Description of the light on people, sampled from a seed."""

from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """One key light, one fill without shadows, sky and ground. Colors are linear RGB."""

    direction: Color
    """Toward the key light: left of the subject, up, toward the camera; any length."""
    key: Color
    sky: Color
    ground: Color
    fill_direction: Color
    fill: Color
    gloss: float
    """Gloss of skin, about 0.1."""


STUDIO = Light(
    direction=(0.5, 0.6, 0.9),
    key=(1.5, 1.45, 1.38),
    sky=(0.5, 0.52, 0.55),
    ground=(0.28, 0.25, 0.22),
    fill_direction=(-1.0, 0.1, 0.3),
    fill=(0.12, 0.13, 0.15),
    gloss=0.10,
)


def draw_light(rng: np.random.Generator) -> Light:
    """Return a random light; all are about equally bright, unlike cameras."""
    around, height = rng.normal(0, 0.75), rng.uniform(0.05, 1.05)
    hard = rng.uniform(0.25, 1.0)
    warm = rng.normal(0, 0.06)
    key = (0.5 + 1.35 * hard) * np.array([1 + warm, 1.0, 1 - warm])
    ambient = 0.78 - 0.52 * hard
    sky = ambient * np.array([1 - 0.5 * warm, 1.0, 1.04 - 0.5 * warm])
    ground = ambient * rng.uniform(0.4, 0.8) * np.array([1.0, 0.93, 0.86])
    fill = rng.uniform(0.0, 0.3) * np.array([1 - warm, 1.0, 1 + warm])
    side = -1.0 if around > 0 else 1.0
    return Light(
        direction=_color([np.sin(around), height, 0.25 + 0.9 * max(0.15, np.cos(around))]),
        key=_color(key),
        sky=_color(sky),
        ground=_color(ground),
        fill_direction=(side, float(rng.uniform(-0.1, 0.5)), float(rng.uniform(-0.3, 0.6))),
        fill=_color(fill),
        gloss=float(rng.uniform(0.04, 0.15)),
    )


def _color(values: np.ndarray | list[float]) -> Color:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
