"""Full frames with several people who enter, leave, cross and turn away, and their truth.

Symbols: T video frames of a shot, P people of a frame.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.background import draw_background
from wildaffect.synth.camera import Exposure, draw_camera
from wildaffect.synth.clip import make_performer, moment_of
from wildaffect.synth.landmarks import landmarks_of
from wildaffect.synth.light import draw_light
from wildaffect.synth.motion import FPS
from wildaffect.synth.noise import smoothstep, wander
from wildaffect.synth.person import Person
from wildaffect.synth.render.renderer import (
    Moment,
    Placement,
    Renderer,
    on_image_plane,
    posed_vertices,
)
from wildaffect.synth.scene_truth import Seen, face_box, head_pose, visible_share
from wildaffect.synth.statistics import BALANCED
from wildaffect.synth.take import Take, draw_take, head_rotation

Way = Literal["stays", "enters", "leaves", "crosses", "turns_away"]
WAYS: dict[Way, float] = {
    "stays": 0.4, "enters": 0.17, "leaves": 0.13, "crosses": 0.13, "turns_away": 0.17,
}  # fmt: skip
NUM_PEOPLE = (0.06, 0.30, 0.34, 0.20, 0.10)
"""Probabilities of 0, 1, ... 4 people in a shot."""
SHOT_S = (2.0, 5.0)
HEAD_UNITS = 2.2
"""Height of a head in person units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFrame:
    """A picture and the people in it."""

    index: int
    """Frame index from 0 over the whole scene."""
    shot: int
    rgb: NDArray[np.uint8]
    """Shape (H, W, 3)."""
    people: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """Composition of shots."""

    num_people_probs: tuple[float, ...] = NUM_PEOPLE
    """Probabilities of 0, 1, ... people in a shot."""
    ways: Mapping[Way, float] = field(default_factory=lambda: WAYS)
    """Probabilities of the actions of a person in a shot."""


class _Part(NamedTuple):
    slot: float
    """Horizontal position in the frame, in [0, 1]."""
    num_people: int
    length: int
    """Length of the shot in frames."""
    staging: Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class _Actor:
    take: Take
    person: Person
    identity: int
    center_px: NDArray[np.float64]
    """Middle of the head over time, shape (T, 2)."""
    body_yaw: NDArray[np.float64]
    """Rotation of the body in radians, shape (T,)."""
    scale: float
    """Pixels per person unit."""


def draw_scene(
    seed: tuple[int, ...],
    *,
    height: int,
    width: int,
    num_frames: int,
    cast: list[int],
    staging: Staging | None = None,
) -> Iterator[SceneFrame]:
    """Yield the frames of a scene of several shots, determined by the arguments.

    Args:
        seed: Seed of the scene.
        height: Height of frames, pixels.
        width: Width of frames, pixels.
        num_frames: Total number of frames, at `behavior.FPS`.
        cast: Identity seeds of the people who may appear, at least four.
        staging: Number of people and their actions.
    """
    rng = np.random.default_rng((*seed, 0x5CE))
    renderer = Renderer(height, width)
    staging = staging or Staging()
    first, shot = 0, 0
    while first < num_frames:
        length = round(rng.uniform(*SHOT_S) * FPS)
        drawn = _draw_shot(
            (*seed, shot), rng, renderer, length=length, cast=cast, staging=staging
        )
        shown = islice(
            drawn, num_frames - first
        )  # the end truncates a shot instead of speeding it up
        for offset, (rgb, people) in enumerate(shown):
            yield SceneFrame(index=first + offset, shot=shot, rgb=rgb, people=people)
        first, shot = first + length, shot + 1


def _draw_shot(
    seed: tuple[int, ...],
    rng: np.random.Generator,
    renderer: Renderer,
    *,
    length: int,
    cast: list[int],
    staging: Staging,
) -> Iterator[tuple[NDArray[np.uint8], tuple[Seen, ...]]]:
    height, width = renderer.height, renderer.width
    num_people = int(rng.choice(len(staging.num_people_probs), p=staging.num_people_probs))
    chosen = rng.choice(cast, num_people, replace=False)
    slots = (np.arange(num_people) + 0.5) / max(num_people, 1)
    actors = [
        _actor(
            seed,
            rng,
            int(identity),
            _Part(float(slot), num_people, length, staging),
            renderer,
        )
        for identity, slot in zip(chosen, rng.permutation(slots), strict=True)
    ]
    actors.sort(key=lambda actor: actor.scale)
    light = draw_light(rng)
    exposure = Exposure(draw_camera(rng, melanin=0.35))
    behind = draw_background(rng, height, width, brightness=rng.uniform(0.35, 1.0))
    for frame in range(length):
        picture, layers = behind.copy(), []
        for actor in actors:
            moment = moment_of(actor.take, frame)
            vertices = _with_body(
                actor, posed_vertices(actor.person, moment), float(actor.body_yaw[frame])
            )
            x, y = actor.center_px[frame]
            matrix = np.array([[actor.scale, 0, x], [0, actor.scale, y]])
            placement = Placement(matrix=matrix)
            drawing = renderer.draw(actor.person, moment, vertices, placement, light)
            hidden = 1 - drawing.alpha[..., None]
            picture = picture * hidden + drawing.color
            points = landmarks_of(on_image_plane(vertices)) @ matrix[:, :2].T + matrix[:, 2]
            layers.append((actor, moment, points.astype(np.float32), drawing.alpha.copy()))
        people = _truth(layers, frame)
        yield exposure.develop(picture.astype(np.float32), rng), people


def _actor(
    seed: tuple[int, ...],
    rng: np.random.Generator,
    identity: int,
    part: _Part,
    renderer: Renderer,
) -> _Actor:
    height, width = renderer.height, renderer.width
    slot, num_people, length, staging = part
    room = {0: 0.6, 1: 0.6, 2: 0.5, 3: 0.36, 4: 0.28}[num_people]
    head_px = height * rng.uniform(0.14, room)
    ways = staging.ways
    way = list(ways)[rng.choice(len(ways), p=list(ways.values()))]
    share = np.linspace(0, 1, length)
    x = np.full(length, slot * width) + rng.normal(0, 0.04 * width)
    outside = width + head_px if slot > 0.5 else -head_px
    if way == "enters":
        x = outside + (x - outside) * smoothstep(0.05, 0.55, share)
    elif way == "leaves":
        x = x + (outside - x) * smoothstep(0.45, 0.95, share)
    elif way == "crosses":
        x = outside + (width - 2 * outside) * smoothstep(0.0, 1.0, share)
    x = x + wander(rng, length, 1 / FPS, 1.5, 0.06 * head_px)
    y = rng.uniform(0.32, 0.5) * height + wander(rng, length, 1 / FPS, 1.5, 0.03 * head_px)
    body_yaw = rng.normal(0, 0.15) + 0 * share
    if way == "turns_away":
        side = rng.choice([-1, 1])
        peak = smoothstep(0.25, 0.42, share) * (1 - smoothstep(0.62, 0.82, share))
        body_yaw = body_yaw + side * rng.uniform(1.5, 2.9) * peak
    elif way in {"enters", "leaves", "crosses"}:
        body_yaw = body_yaw + np.clip(np.gradient(x) / head_px * 18, -0.6, 0.6)
    take = draw_take(
        (*seed, identity), identity=identity, num_frames=length, statistics=BALANCED
    )
    return _Actor(
        take=take,
        person=make_performer(take, int(head_px)),
        identity=identity,
        center_px=np.stack([x, y], 1),
        body_yaw=body_yaw,
        scale=float(head_px / HEAD_UNITS),
    )


def _with_body(
    actor: _Actor, vertices: NDArray[np.float32], yaw: float
) -> NDArray[np.float32]:
    pivot = actor.person.pivot
    return ((vertices - pivot) @ head_rotation(yaw, 0, 0).T + pivot).astype(np.float32)


def _truth(
    layers: list[tuple[_Actor, Moment, NDArray[np.float32], NDArray[np.float32]]],
    frame: int,
) -> tuple[Seen, ...]:
    people = []
    for place, (actor, moment, points, alpha) in enumerate(layers):
        box = face_box(points)
        open_view = np.ones_like(alpha)
        for *_, nearer in layers[place + 1 :]:
            open_view *= 1 - nearer
        behavior = actor.take.behavior
        people.append(
            Seen(
                person_id=actor.identity,
                box_xyxy=box,
                landmarks_xy=points,
                pose=head_pose(moment, float(actor.body_yaw[frame])),
                visible=visible_share(box, open_view),
                head_height_px=actor.scale * HEAD_UNITS,
                valence=float(behavior.valence[frame]),
                arousal=float(behavior.arousal[frame]),
                expression=int(behavior.expression[frame]),
                intensities=behavior.intensities[frame],
            )
        )
    return tuple(people)
