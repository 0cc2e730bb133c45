"""Backgrounds: blurred rooms and streets. Colors are linear RGB."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.noise import noise_picture

KINDS = ("wall", "wall", "room", "room", "window", "shelves", "outdoors", "studio")


def draw_background(
    rng: np.random.Generator, height: int, width: int, *, brightness: float
) -> NDArray[np.float32]:
    """Return a picture of shape (H, W, 3); `brightness` is about that of the face."""
    kind = rng.choice(KINDS)
    picture = _wall(rng, height, width)
    if kind in {"room", "window"}:
        _furniture(rng, picture)
    if kind == "window":
        _window(rng, picture)
    if kind == "shelves":
        _shelves(rng, picture)
    if kind == "outdoors":
        picture = _outdoors(rng, height, width)
    if kind == "studio":
        picture *= 0.25
    blur = rng.uniform(0.012, 0.05) * max(height, width)
    picture = cv2.GaussianBlur(picture, (0, 0), blur)
    grain = noise_picture(rng, (height, width), 60, 2, 0.6)
    return (picture * (brightness * (1 + 0.02 * grain[..., None]))).astype(np.float32)


def _dull(rng: np.random.Generator, low: float, high: float) -> NDArray[np.float64]:
    gray = rng.uniform(low, high)
    return np.clip(
        gray * (1 + rng.normal(0, 0.10, 3) + rng.uniform(-0.1, 0.1) * WARM), 0.005, 1
    )


WARM = np.array([1.0, 0.0, -1.0])


def _wall(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    color = _dull(rng, 0.08, 0.6)
    across = np.linspace(-1, 1, width)[None] * rng.uniform(-0.35, 0.35)
    down = np.linspace(-1, 1, height)[:, None] * rng.uniform(-0.3, 0.2)
    uneven = 0.06 * noise_picture(rng, (height, width), 3, 3, 0.5)
    shade = np.clip(1 + across + down + uneven, 0.2, 2)
    return (shade[..., None] * color).astype(np.float32)


def _furniture(rng: np.random.Generator, picture: NDArray[np.float32]) -> None:
    height, width = picture.shape[:2]
    for _ in range(rng.integers(2, 7)):
        left, top = rng.integers(-width // 4, width), rng.integers(0, height)
        right = int(left + rng.uniform(0.1, 0.5) * width)
        bottom = int(top + rng.uniform(0.1, 0.7) * height)
        color = _dull(rng, 0.02, 0.45).tolist()
        cv2.rectangle(picture, (int(left), int(top)), (right, bottom), color, -1)


def _window(rng: np.random.Generator, picture: NDArray[np.float32]) -> None:
    height, width = picture.shape[:2]
    left = int(rng.uniform(-0.2, 0.7) * width)
    right = left + int(rng.uniform(0.25, 0.5) * width)
    color = (np.array([0.85, 0.95, 1.05]) * rng.uniform(0.8, 1.4)).tolist()
    cv2.rectangle(
        picture, (left, -5), (right, int(rng.uniform(0.4, 0.9) * height)), color, -1
    )
    middle = (left + right) // 2
    cv2.line(picture, (middle, 0), (middle, height), (0.3, 0.3, 0.3), max(1, width // 40))


def _shelves(rng: np.random.Generator, picture: NDArray[np.float32]) -> None:
    height, width = picture.shape[:2]
    step = max(3, int(rng.uniform(0.16, 0.3) * height))
    for top in range(0, height, step):
        x = 0
        while x < width:
            wide = max(1, int(rng.uniform(0.015, 0.05) * width))
            color = _dull(rng, 0.03, 0.4).tolist()
            high = int(step * rng.uniform(0.6, 0.95))
            cv2.rectangle(
                picture, (x, top + step - high), (x + wide, top + step), color, -1
            )
            x += wide
        cv2.rectangle(
            picture, (0, top), (width, top + max(1, step // 14)), (0.06, 0.04, 0.03), -1
        )


def _outdoors(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    horizon = int(rng.uniform(0.25, 0.75) * height)
    picture = np.empty((height, width, 3), np.float32)
    sky = np.array([0.62, 0.72, 0.85]) * rng.uniform(0.6, 1.2)
    ground = rng.choice([[0.20, 0.21, 0.20], [0.10, 0.14, 0.06], [0.25, 0.22, 0.18]])
    picture[:horizon], picture[horizon:] = sky, ground
    for _ in range(rng.integers(3, 9)):
        x, radius = rng.integers(0, width), rng.uniform(0.08, 0.25) * width
        tone = rng.uniform(0.5, 1.3)
        if rng.random() < 0.6:
            color = (np.array([0.07, 0.11, 0.045]) * tone).tolist()
            y = int(horizon - rng.uniform(-0.2, 0.6) * radius)
            cv2.circle(picture, (int(x), y), int(radius), color, -1)
        else:
            color = (_dull(rng, 0.15, 0.45) * tone).tolist()
            top = int(horizon - rng.uniform(0.2, 0.8) * height)
            cv2.rectangle(picture, (int(x), top), (int(x + radius), horizon), color, -1)
    return picture * (1 + 0.2 * noise_picture(rng, (height, width), 12, 3, 0.6))[..., None]
