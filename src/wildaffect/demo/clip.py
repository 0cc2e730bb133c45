"""A short clip made of one photograph by moving the camera over it."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.video.write import VideoWriter

PORTRAIT = Path(__file__).parent / "astronaut.jpg"
"""Eileen Collins, NASA, public domain; see THIRD_PARTY_NOTICES.md."""

SIZE = (640, 360)
FPS = 25.0
SECONDS = 6.0
FACE_XY = (226.0, 122.0)
"""Middle of the face in the photograph."""


def write_demo_clip(path: Path) -> None:
    """Write the clip: the view glides and zooms in on the face, and tilts a little."""
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    with VideoWriter(path, width=SIZE[0], height=SIZE[1], fps_hint=FPS) as video:
        for time_s in times():
            video.write(view(portrait, time_s), time_s)


def times() -> Iterator[float]:
    """Yield the time of every frame, in seconds."""
    return (i / FPS for i in range(int(SECONDS * FPS)))


def view(portrait: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8]:
    """Return the camera image at a time, shape (360, 640, 3)."""
    phase = 2 * np.pi * time_s / SECONDS
    zoom = 2.1 - 0.4 * np.cos(phase)
    tilt_deg = 4 * np.sin(phase)
    look_at = (SIZE[0] * (0.40 + 0.05 * np.sin(2 * phase)), SIZE[1] * 0.50)
    camera = cv2.getRotationMatrix2D(FACE_XY, tilt_deg, zoom)
    camera[:, 2] += np.array(look_at) - FACE_XY
    return cv2.warpAffine(
        portrait, camera, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
