"""Camera model from light to pixels: exposure, lens, sensor and codec."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.noise import BANK_SIZE
from wildaffect.synth.render.compose import expose

GAMMA = 2.2
LEVELS = 4096
NOISE_SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Parameters of a camera, constant over a clip."""

    exposure: float
    white_balance: NDArray[np.float32]
    """Gain per channel, shape (3,)."""
    gamma: float
    """Gamma of the display curve relative to 1 / 2.2, about 1."""
    blur_px: float
    """Spread of the lens blur in pixels; 0 sharp."""
    noise: float
    """Spread of sensor noise after the display curve, 0 to about 0.06."""
    jpeg_quality: int
    """JPEG quality of the picture before it was cropped, 25 to 95."""
    shaken: bool
    """True for motion blur."""


def draw_camera(rng: np.random.Generator, *, melanin: float) -> Camera:
    """Return a random camera with an exposure that roughly suits the person."""
    dark = rng.random() < 0.10
    exposure = rng.lognormal(0, 0.16) * (1 + 0.38 * melanin)
    return Camera(
        exposure=float(exposure * (rng.uniform(0.32, 0.6) if dark else 1.0)),
        white_balance=np.clip(rng.normal(1, 0.045, 3), 0.85, 1.15).astype(np.float32),
        gamma=float(rng.uniform(0.9, 1.15)),
        blur_px=float(max(0.0, rng.normal(0.25, 0.45))),
        noise=float(rng.gamma(1.6, 0.005) + (0.013 if dark else 0.0)),
        jpeg_quality=int(rng.integers(35, 95)),
        shaken=bool(rng.random() < 0.4),
    )


def _display_curve(gamma: float) -> NDArray[np.float32]:
    light = np.linspace(0, 4, LEVELS, dtype=np.float32)
    shoulder = light / (1 + 0.18 * light)
    return np.clip(shoulder, 0, 1) ** np.float32(1 / (GAMMA * gamma))


@cache
def _noise_bank() -> NDArray[np.float32]:
    rng = np.random.default_rng(NOISE_SEED)
    fine = rng.standard_normal((BANK_SIZE, BANK_SIZE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(fine, (0, 0), 0.8)
    return soft / soft.std()


class Exposure:
    """Renders pictures of one camera; caches its tables between frames."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self._curve = _display_curve(camera.gamma)
        self._noise = _noise_bank() * np.float32(camera.noise)

    def develop(
        self,
        light: NDArray[np.float32],
        rng: np.random.Generator,
        *,
        motion_px: tuple[float, float] = (0.0, 0.0),
    ) -> NDArray[np.uint8]:
        """Return linear light as a picture, uint8 RGB of the same height and width.

        Args:
            light: Linear RGB, shape (H, W, 3).
            rng: Random generator of this clip.
            motion_px: Movement of the face in this frame, right and down.
        """
        camera = self.camera
        if camera.blur_px > 0.3:
            light = cv2.GaussianBlur(light, (0, 0), camera.blur_px)
        if camera.shaken and max(map(abs, motion_px)) > 1.5:
            light = _smear(light, motion_px)
        gain = camera.white_balance * np.float32(camera.exposure * (LEVELS - 1) / 4)
        image = np.empty(light.shape, np.uint8)
        first = rng.integers(BANK_SIZE), rng.integers(BANK_SIZE)
        expose(light, gain, self._curve, self._noise, first, image)
        quality = [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality]
        _, data = cv2.imencode(".jpg", image, quality)
        stored = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
        return cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)


def _smear(
    light: NDArray[np.float32], motion_px: tuple[float, float]
) -> NDArray[np.float32]:
    reach = int(min(9, 2 * np.ceil(0.5 * max(map(abs, motion_px))) + 1))
    kernel = np.zeros((reach, reach), np.float32)
    middle = reach // 2
    scale = 0.5 * (reach - 1) / max(map(abs, motion_px))
    dx, dy = round(motion_px[0] * scale), round(motion_px[1] * scale)
    cv2.line(kernel, (middle - dx, middle - dy), (middle + dx, middle + dy), 1.0)
    return cv2.filter2D(light, -1, kernel / kernel.sum())
