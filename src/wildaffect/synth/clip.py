"""A take rendered as aligned crops, like the `cropped_aligned` images of a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.crop import TEMPLATES, similarity
from wildaffect.synth.background import draw_background
from wildaffect.synth.camera import Exposure
from wildaffect.synth.landmarks import landmarks_of
from wildaffect.synth.motion import FPS
from wildaffect.synth.noise import wander
from wildaffect.synth.person import Person, make_person
from wildaffect.synth.render.compose import lay_over
from wildaffect.synth.render.renderer import (
    Moment,
    Placement,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.take import Take, head_rotation

LOOSENESS = 0.72
"""Scale of the face relative to the alignment template: below 1 shows more context."""
MIDDLE = (0.5, 0.62)
"""Point of the template that stays in place when it is loosened, in sides of the crop."""
JITTER = 0.012
"""Spread of the detector's error, in sides of the crop."""
SHUTTER = 0.6
"""Exposure time as a share of the frame interval."""
FULL_TEXTURE_FROM_PX = 240
CROP_ORDER = (1, 0, 2, 4, 3)
"""Rows of the first five landmarks in the order of the template (image left first)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """An aligned picture with its exact ground truth."""

    rgb: NDArray[np.uint8]
    """Shape (size, size, 3)."""
    landmarks_xy: NDArray[np.float32]
    """Named points of `landmarks.NAMES` in pixels of the crop, shape (28, 2)."""


def make_performer(take: Take, size_px: int) -> Person:
    """Return the person of a take with a texture for this size of the face."""
    divisor = 1 if size_px > FULL_TEXTURE_FROM_PX else 2
    return make_person(take.traits, held=take.prop, texture_divisor=divisor)


def moment_of(take: Take, frame: int) -> Moment:
    """Return the state of the person in a frame of the video, counted from 0."""
    behavior = take.behavior
    yaw, pitch, roll = (float(angle) for angle in behavior.pose[frame])
    sides = np.stack([behavior.intensities_left[frame], behavior.intensities_right[frame]])
    return Moment(
        intensities=np.maximum(sides, take.traits.resting),
        rotation=head_rotation(yaw, pitch, roll),
        gaze=(float(behavior.gaze[frame, 0]), float(behavior.gaze[frame, 1])),
        held=float(take.held[frame]) if take.prop != "none" else 0.0,
    )


def draw_crops(
    take: Take, frames: Sequence[int] | NDArray[np.int64], *, renderer: Renderer
) -> Iterator[Crop]:
    """Yield the aligned crops of some frames of a take (counted from 0, ascending).

    The size is that of the renderer's square window.
    """
    size = renderer.width
    rng = np.random.default_rng((*take.seed, 0xC407))
    person = make_performer(take, size)
    exposure = Exposure(take.camera)
    wide = draw_background(rng, 2 * size, 2 * size, brightness=rng.uniform(0.35, 1.1))
    num_frames = len(take.behavior)
    error = np.stack(
        [wander(rng, num_frames, 1 / FPS, 0.3, JITTER * size) for _ in range(10)], 1
    ).reshape(num_frames, 5, 2)
    template = loosened_template() * size
    light = np.empty((size, size, 3), np.float32)
    before, last = None, 0
    for frame in frames:
        moment = moment_of(take, int(frame))
        vertices = posed_vertices(person, moment)
        plane = landmarks_of(on_image_plane(vertices))
        five = plane[list(CROP_ORDER)]
        seen = (five * size / 3 + error[frame]) * 3 / size
        matrix = similarity(seen.astype(np.float32), template)
        drawing = renderer.draw(
            person, moment, vertices, Placement(matrix=matrix), take.light
        )
        lay_over(drawing.color, drawing.alpha, wide, to_background(matrix, size), light)
        pace = np.zeros(2)
        if before is not None:
            pace = (plane - before).mean(0) * size / 3 * SHUTTER / (frame - last)
        before, last = plane, frame
        yield Crop(
            rgb=exposure.develop(light, rng, motion_px=(float(pace[0]), float(pace[1]))),
            landmarks_xy=(plane @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        )


def loosened_template() -> NDArray[np.float64]:
    """Return the positions of the five points, in sides of the crop, shape (5, 2)."""
    middle = np.array(MIDDLE)
    return (TEMPLATES["arcface_5pt"] - middle) * LOOSENESS + middle


def to_background(matrix: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the map from pixels of a crop to those of the background, which turns with it.

    Shape (2, 3); the background is twice as wide and high as the crop.
    """
    nominal = np.array([[size / 3, 0, size], [0, size / 3, size]])
    square = np.vstack([matrix, [0, 0, 1]])
    return (np.vstack([nominal, [0, 0, 1]]) @ np.linalg.inv(square))[:2]
