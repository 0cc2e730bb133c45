"""Objects on and around a face: glasses, hand, microphone, hair bun."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.asset import HeadAsset, Material
from wildaffect.synth.mesh import Mesh, ball, grid, join, tube
from wildaffect.synth.traits import Traits

Point = NDArray[np.floating]
Prop = Literal["none", "hand_chin", "hand_mouth", "hand_cheek", "microphone"]
FRAME_TINTS = (
    (0.015, 0.014, 0.013),
    (0.05, 0.025, 0.012),
    (0.22, 0.20, 0.17),
    (0.02, 0.03, 0.07),
)
EAR_X, EAR_Z = 0.80, 0.42


def glasses(traits: Traits, left_eye: Point, right_eye: Point) -> list[Mesh]:
    """Return glasses in front of the eyes (centers in head units); none for most people."""
    if traits.glasses == "none":
        return []
    rng = np.random.default_rng((traits.seed, 0x61A))
    tint = (*FRAME_TINTS[rng.integers(len(FRAME_TINTS))], 0.5, 0.0)
    thick = {"thin": 0.010, "thick": 0.020, "dark": 0.018}[traits.glasses]
    wide, high = rng.uniform(0.215, 0.25), rng.uniform(0.15, 0.21)
    square = rng.uniform(2.0, 4.5)
    turn = np.linspace(0, 2 * np.pi, 25)
    cosine, sine = np.cos(turn), np.sin(turn)
    outline = np.stack(
        [
            wide * np.sign(cosine) * np.abs(cosine) ** (2 / square),
            high * np.sign(sine) * np.abs(sine) ** (2 / square) - 0.03,
            np.full_like(turn, 0.24),
        ],
        1,
    )
    parts = []
    for eye, outward in ((left_eye, 1.0), (right_eye, -1.0)):
        ring = eye + outline
        ring[:, 2] -= 0.12 * np.maximum(0, outward * outline[:, 0])
        parts.append(tube(ring, thick, Material.PLAIN, tint=tint))
        if traits.glasses == "dark":
            fan = np.stack([np.broadcast_to(ring.mean(0), ring.shape), ring])
            parts.append(grid(fan, Material.PLAIN, tint=(0.012, 0.012, 0.014, 0.6, 0.0)))
        hinge = eye + np.array([outward * wide, 0.02, 0.24 - 0.12 * wide])
        ear = np.array([outward * EAR_X, eye[1] + 0.02, EAR_Z])
        temple = np.linspace(hinge, ear, 4)
        parts.append(tube(temple, thick * 0.9, Material.PLAIN, tint=tint))
    inner = np.array([wide, 0.0, 0.0])
    lift = np.array([0.0, 0.02, 0.235])
    bridge = np.linspace(left_eye - inner + lift, right_eye + inner + lift, 5)
    bridge[1:-1, 1] += 0.025
    parts.append(tube(bridge, thick, Material.PLAIN, tint=tint))
    return parts


def bun(traits: Traits, head: HeadAsset, shape: NDArray[np.float32]) -> list[Mesh]:
    """Return the hair bun on a head of vertices `shape`, if there is one."""
    if traits.hair_style != "tied":
        return []
    rng = np.random.default_rng((traits.seed, 0xB07))
    angle = rng.uniform(-0.25, 1.25)
    outward = np.array([0.0, np.sin(angle), -np.cos(angle)])
    skull = np.array([0.0, 7.42, 0.34])
    spokes = head.vertices - skull
    spokes = spokes / np.linalg.norm(spokes, axis=1, keepdims=True)
    root = shape[(spokes @ outward).argmax()]
    size = rng.uniform(0.2, 0.3)
    center = root * [0, 1, 1] + outward * 0.55 * size
    return [ball(center, (size, size * 0.9, size), Material.HAIR)]


def prop(traits: Traits, kind: Prop, mouth: Point) -> list[Mesh]:
    """Return the object held in front of the face, at its final position.

    Args:
        traits: Traits of the person.
        kind: Kind of object.
        mouth: Position of the person's mouth relative to that of the unchanged head, (3,).
    """
    if kind == "none":
        return []
    return [_shifted(part, mouth) for part in _held_parts(traits, kind)]


def _shifted(mesh: Mesh, way: Point) -> Mesh:
    return Mesh(
        vertices=(mesh.vertices + way).astype(np.float32),
        triangles=mesh.triangles,
        uv=mesh.uv,
        materials=mesh.materials,
        tints=mesh.tints,
    )


def _held_parts(traits: Traits, kind: Prop) -> list[Mesh]:
    if kind == "microphone":
        tint = (0.03, 0.03, 0.032, 0.35, 0.0)
        stick = np.linspace([0.1, 6.28, 1.95], [0.35, 4.6, 2.3], 4)
        return [
            ball(
                np.array([0.08, 6.36, 1.93]), (0.15, 0.17, 0.15), Material.PLAIN, tint=tint
            ),
            tube(stick, 0.075, Material.PLAIN, sides=8, tint=tint),
        ]
    return [_hand(traits, kind)]


def _hand(traits: Traits, kind: Prop) -> Mesh:
    tint = (*(traits.skin * 0.92), 0.06, 1.0)
    fingers = []
    for number in range(4):
        x = 0.145 * (number - 1.5)
        reach = (0.60, 0.70, 0.66, 0.52)[number]
        bend = np.linspace(0, 1, 5)[:, None]
        path = np.array([x, 0.0, 0.0]) + bend * np.array(
            [0.03 * (number - 1.5), reach, 0.05]
        )
        path[:, 2] -= 0.22 * bend[:, 0] ** 2
        radius = np.array([0.078, 0.074, 0.070, 0.064, 0.03])
        fingers.append(tube(path, radius, Material.PLAIN, sides=7, tint=tint))
    palm = ball(np.array([0.0, -0.26, 0.0]), (0.33, 0.40, 0.13), Material.PLAIN, tint=tint)
    thumb_path = np.linspace([-0.26, -0.32, 0.03], [-0.50, 0.16, -0.02], 4)
    thumb = tube(
        thumb_path, np.array([0.10, 0.09, 0.075, 0.04]), Material.PLAIN, sides=7, tint=tint
    )
    whole = join([*fingers, palm, thumb, *_forearm(traits, tint)])
    tilt, place = {
        "hand_chin": (0.15, [0.12, 6.02, 1.68]),
        "hand_mouth": (0.35, [0.20, 6.42, 1.78]),
        "hand_cheek": (-0.05, [0.78, 6.55, 1.12]),
    }[kind]
    cosine, sine = np.cos(tilt), np.sin(tilt)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float32)
    return Mesh(
        vertices=(whole.vertices @ turn.T + np.array(place, np.float32)).astype(np.float32),
        triangles=whole.triangles,
        uv=whole.uv,
        materials=whole.materials,
        tints=whole.tints,
    )


def _forearm(traits: Traits, skin: tuple[float, ...]) -> list[Mesh]:
    """Return a wrist and its sleeve, below a hand at the origin."""
    cloth = (*traits.cloth, 0.0, 0.0)
    wrist = tube(
        np.linspace([0.02, -0.45, 0.0], [0.13, -1.2, 0.12], 3),
        np.array([0.20, 0.18, 0.20]),
        Material.PLAIN,
        sides=8,
        tint=skin,
    )
    sleeve = tube(
        np.linspace([0.09, -0.95, 0.08], [0.30, -2.6, 0.30], 5),
        np.array([0.24, 0.27, 0.26, 0.30, 0.33]),
        Material.PLAIN,
        sides=9,
        tint=cloth,
    )
    return [wrist, sleeve]
