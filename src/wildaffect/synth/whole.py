"""A take rendered as full frames of a static camera, as in a video file.

The same person, light, background and camera as the aligned crops of `clip`; here the head
moves in the frame instead of being aligned to the template.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.background import draw_background
from wildaffect.synth.camera import Exposure
from wildaffect.synth.clip import SHUTTER, make_performer, moment_of
from wildaffect.synth.landmarks import landmarks_of
from wildaffect.synth.motion import FPS
from wildaffect.synth.noise import wander
from wildaffect.synth.render.renderer import (
    Placement,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.take import Take

SIDES_PER_CROP = 2
"""Side of the square frame, in sides of the take's crops; the face has the same scale."""
UNITS_PER_CROP = 3
"""Approximate width of a crop in person units."""
SWAY = 0.03
"""Spread of the head's position in the frame, in sides of the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFrame:
    """A picture of a video with its exact ground truth."""

    rgb: NDArray[np.uint8]
    """Shape (side, side, 3)."""
    landmarks_xy: NDArray[np.float32]
    """Named points of `landmarks.NAMES` in pixels of the frame, shape (28, 2)."""


def draw_whole_frames(take: Take, *, renderer: Renderer) -> Iterator[WholeFrame]:
    """Yield every frame of a take at `behavior.FPS`, from the first to the last.

    Args:
        take: Take to render.
        renderer: Renderer with a square window, `SIDES_PER_CROP` times as wide as the
            crops.
    """
    side, num_frames = renderer.width, len(take.behavior)
    scale = side / SIDES_PER_CROP / UNITS_PER_CROP
    rng = np.random.default_rng((*take.seed, 0xC407))
    person = make_performer(take, side // SIDES_PER_CROP)
    exposure = Exposure(take.camera)
    behind = draw_background(rng, side, side, brightness=rng.uniform(0.35, 1.1))
    sway = np.stack(
        [wander(rng, num_frames, 1 / FPS, 2.5, SWAY * side) for _ in range(2)], 1
    )
    before: NDArray[np.floating] | None = None
    for frame in range(num_frames):
        moment = moment_of(take, frame)
        vertices = posed_vertices(person, moment)
        x, y = side / 2 + sway[frame]
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        drawing = renderer.draw(
            person, moment, vertices, Placement(matrix=matrix), take.light
        )
        light = drawing.color + behind * (1 - drawing.alpha[..., None])
        points = landmarks_of(on_image_plane(vertices)) @ matrix[:, :2].T + matrix[:, 2]
        pace = np.zeros(2) if before is None else (points - before).mean(0) * SHUTTER
        before = points
        yield WholeFrame(
            rgb=exposure.develop(light, rng, motion_px=(float(pace[0]), float(pace[1]))),
            landmarks_xy=points.astype(np.float32),
        )
