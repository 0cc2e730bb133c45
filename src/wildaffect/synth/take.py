"""A clip of one person before rendering: person, behavior, background, camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.accessories import Prop
from wildaffect.synth.behavior import Behavior, draw_behavior, envelope
from wildaffect.synth.camera import Camera, draw_camera
from wildaffect.synth.light import Light, draw_light
from wildaffect.synth.motion import FPS
from wildaffect.synth.statistics import Statistics
from wildaffect.synth.traits import Traits, draw_traits

PROPS: dict[Prop, float] = {
    "none": 0.84, "hand_chin": 0.05, "hand_mouth": 0.03, "hand_cheek": 0.04,
    "microphone": 0.04,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """All parameters of the pictures of one clip. Symbols: T video frames."""

    traits: Traits
    behavior: Behavior
    light: Light
    camera: Camera
    prop: Prop
    held: NDArray[np.float32]
    """Share by which the prop is in front of the face, in [0, 1], shape (T,)."""
    seed: tuple[int, ...]


def draw_take(
    seed: tuple[int, ...], *, identity: int, num_frames: int, statistics: Statistics
) -> Take:
    """Return the clip of a seed: the same arguments give the same clip."""
    rng = np.random.default_rng((*seed, 0x7A4E))
    traits = draw_traits(identity)
    prop: Prop = list(PROPS)[rng.choice(len(PROPS), p=list(PROPS.values()))]
    return Take(
        traits=traits,
        behavior=draw_behavior(seed, num_frames, statistics),
        light=draw_light(rng),
        camera=draw_camera(rng, melanin=traits.melanin),
        prop=prop,
        held=_held(rng, num_frames) * np.float32(prop != "none"),
        seed=seed,
    )


def head_rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float32]:
    """Return the rotation of a head, 3x3; radians, signs of `core.faces.HeadPose`."""
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(-pitch), np.sin(-pitch)
    cr, sr = np.cos(-roll), np.sin(-roll)
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return (about_z @ about_y @ about_x).astype(np.float32)


def _held(rng: np.random.Generator, num_frames: int) -> NDArray[np.float32]:
    times_s = np.arange(num_frames) / FPS
    held = np.zeros(num_frames)
    now = rng.uniform(-3, 6)
    while now < times_s[-1] + 1:
        stay = rng.uniform(1, 6)
        held = np.maximum(held, envelope(times_s, now, 0.5, stay, 0.5))
        now += stay + rng.uniform(4, 14)
    return held.astype(np.float32)
