"""Aligned crops of generated people with a hand or a flat cover in front of the face."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.crop import similarity
from wildaffect.synth.background import draw_background
from wildaffect.synth.camera import Exposure
from wildaffect.synth.clip import (
    CROP_ORDER,
    loosened_template,
    make_performer,
    moment_of,
    to_background,
)
from wildaffect.synth.flat_covers import Part, lay_flat_cover
from wildaffect.synth.landmarks import NAMES, landmarks_of
from wildaffect.synth.person import expressed, turned
from wildaffect.synth.render.compose import lay_over
from wildaffect.synth.render.renderer import Placement, Renderer, on_image_plane
from wildaffect.synth.statistics import EVERYDAY
from wildaffect.synth.take import draw_take

Where = Literal["off", "chin", "cheek", "brow", "eyes", "mouth", "both", "any"]
SHARES = (0.27, 0.06, 0.06, 0.06, 0.18, 0.17, 0.08, 0.12)
"""Probabilities of the positions of a hand, in the order of `Where`."""
SIZE_PX = 96
NUM_FRAMES = 300
FLAT_COVERS = 0.35
"""Share of random pictures with a flat cover instead of a hand."""
MICROPHONES = 0.1
"""Share of people with a microphone instead of a hand."""
FINGERS_FROM = 0.55
"""Quantile of height in a hand above which its middle is in front of the face."""
IN_FRONT = 0.1
"""Distance of a hand from the nose, in person units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredFace:
    """A picture with its exact ground truth."""

    rgb: NDArray[np.uint8]
    """Shape (size, size, 3)."""
    points_xy: NDArray[np.float32]
    """The five points of alignment, in pixels, shape (5, 2)."""
    eyes_covered: float
    """Covered share of the area of the more covered eye, in [0, 1]."""
    is_flat: bool
    """A flat cover instead of a hand or a microphone."""
    mouth_covered: float
    """Covered share of the area of the lips, in [0, 1]."""


def draw_covered_faces(
    identity: int,
    *,
    num: int,
    where: Where | None = None,
    flat: Part | None = None,
    size_px: int = SIZE_PX,
) -> list[CoveredFace]:
    """Return pictures of one person at several moments.

    Args:
        identity: Number of the person; the same number gives the same pictures.
        num: Number of pictures.
        where: Position of the hand; None samples one for each picture.
        flat: Part of the face under a flat cover instead; None samples covers if `where` is
            None too.
        size_px: Side of the pictures in pixels.
    """
    rng = np.random.default_rng((identity, 0xC0F))
    take = draw_take(
        (identity, 9), identity=identity, num_frames=NUM_FRAMES, statistics=EVERYDAY
    )
    if rng.random() < MICROPHONES and not where:
        take = replace(take, prop="microphone")
    else:
        take = replace(take, prop="hand_mouth")
    person = make_performer(take, size_px)
    is_prop = (person.mesh.triangles >= person.props.start).all(1)
    exposure, renderer = Exposure(take.camera), Renderer(size_px, size_px)
    wide = draw_background(rng, 2 * size_px, 2 * size_px, brightness=rng.uniform(0.35, 1.1))
    random_covers = where is None and flat is None
    faces = []
    for frame in np.sort(rng.choice(NUM_FRAMES, num, replace=False)):
        moment = moment_of(take, int(frame))
        vertices = expressed(person, moment.intensities, gaze=moment.gaze)
        has_cover = flat is not None or (random_covers and rng.random() < FLAT_COVERS)
        drawn = where or get_args(Where)[rng.choice(len(SHARES), p=SHARES)]
        drawn = "off" if has_cover else drawn
        hand = _held_at(vertices[person.props], landmarks_of(vertices), drawn, rng)
        vertices[person.props] = hand
        vertices = turned(person, vertices, moment.rotation)
        plane = landmarks_of(on_image_plane(vertices))
        five = plane[list(CROP_ORDER)].astype(np.float32)
        error = rng.normal(0, 0.02, (5, 2)).astype(np.float32)
        matrix = similarity(five + error, loosened_template() * size_px)
        drawing = renderer.draw(
            person, moment, vertices, Placement(matrix=matrix), take.light
        )
        light = np.empty((size_px, size_px, 3), np.float32)
        background = to_background(matrix, size_px)
        lay_over(drawing.color, drawing.alpha, wide, background, light)
        points = plane @ matrix[:, :2].T + matrix[:, 2]
        seen = renderer.seen_triangles
        covering = (seen >= 0) & is_prop[seen]
        rgb = exposure.develop(light, rng, motion_px=(0.0, 0.0))
        if has_cover:
            rgb, covering = lay_flat_cover(rgb, _areas(points, 1.0), flat, rng)
        areas = _areas(points, covering.shape[0] / size_px)
        left, right, mouth = (_share(covering, area) for area in areas)
        faces.append(
            CoveredFace(
                rgb=rgb,
                points_xy=points[list(CROP_ORDER)].astype(np.float32),
                is_flat=has_cover,
                eyes_covered=max(left, right),
                mouth_covered=mouth,
            )
        )
    return faces


def _held_at(
    hand: NDArray[np.float32],
    face: NDArray[np.float32],
    where: Where,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return a hand's vertices rotated, scaled and moved in front of a face."""
    if where == "off":
        return (hand - np.array([0, 9, 0])).astype(np.float32)
    eyes, mouth = face[[0, 1]].mean(0), face[[3, 4]].mean(0)
    side = rng.choice([-1, 1])
    target, angle = {
        "eyes": (eyes, side * rng.uniform(0.3, 1.6)),
        "mouth": (mouth, rng.normal(0, 0.7)),
        "both": ((eyes + mouth) / 2, rng.normal(0, 0.3)),
        "any": (face[2] + rng.normal(0, 0.3, 3) * [1, 1, 0], rng.uniform(-1.6, 1.6)),
        "chin": (mouth - np.array([0, 0.45, 0]), rng.normal(0, 0.4)),
        "cheek": (mouth + np.array([0.75 * side, 0.1, -0.3]), rng.normal(0, 0.4)),
        "brow": (eyes + np.array([0, 0.55, 0]), side * rng.uniform(0.5, 1.6)),
    }[where]
    fingers = hand[hand[:, 1] > np.quantile(hand[:, 1], FINGERS_FROM)].mean(0)
    size = rng.uniform(0.9, 1.25) * (1.35 if where == "both" else 1)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    target = target + rng.normal(0, 0.08, 3) * [1, 1, 0]
    placed = (hand - fingers) @ turn.T * size + target
    near = np.abs(placed[:, 0] - target[0]) < 0.5
    placed[:, 2] += face[:, 2].max() + IN_FRONT - placed[near, 2].min()
    return placed.astype(np.float32)


def _areas(points: NDArray[np.floating], scale: float) -> list[NDArray[np.int32]]:
    """Return outlines of the two eyes and the lips, in pixels of the fine picture."""
    at = {name: points[row] * scale for row, name in enumerate(NAMES)}
    outlines = []
    for side in ("left", "right"):
        ends = [at[f"{side}_eye_{end}"] for end in ("outer", "upper", "inner", "lower")]
        x, y = np.mean(ends, 0)
        half = 0.62 * np.abs(ends[0] - ends[2]).max()
        axes = (int(half), int(0.55 * half))
        outlines.append(cv2.ellipse2Poly((int(x), int(y)), axes, 0, 0, 360, 15))
    names = ("left_mouth_corner", "lip_upper", "right_mouth_corner", "lip_lower")
    lips = np.stack([at[name] for name in names]).round().astype(np.int32)
    return [*outlines, cv2.convexHull(lips)[:, 0]]


def _share(covering: NDArray[np.bool_], outline: NDArray[np.int32]) -> float:
    inside = np.zeros(covering.shape, np.uint8)
    cv2.fillPoly(inside, [outline.astype(np.int32)], 1)
    return float(covering[inside > 0].mean()) if inside.any() else 0.0
