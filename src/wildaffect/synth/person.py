"""A person for the renderer: shape, surface and colors from their traits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.accessories import Prop, bun, glasses, prop
from wildaffect.synth.asset import HeadAsset, Material, load_head
from wildaffect.synth.body import body_below, tucked
from wildaffect.synth.facs import face_unit_weights
from wildaffect.synth.hair import grow_hair, strand_tones
from wildaffect.synth.landmarks import mouth_corners
from wildaffect.synth.mesh import Mesh, join
from wildaffect.synth.noise import smoothstep
from wildaffect.synth.render.texels import texel_map
from wildaffect.synth.skin import paint_face
from wildaffect.synth.traits import Traits

EYE_DISTANCE = 0.616
"""Distance between the eyes of the unchanged head, in head units."""
BELOW_COLLARS = 4.8
"""Height on the unchanged head below which every torso has clothes."""
NUM_DETAILS = 42
"""Number of shape details per person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """All properties of a person that are constant within a clip.

    Person units: as head units, with the neck's pivot at the origin of rotation.
    Symbols: V vertices of the whole mesh, of which the first H are the head's own.
    """

    traits: Traits
    mesh: Mesh
    """Neutral face, with objects at their final position."""
    rest: NDArray[np.float32]
    """The same vertices on the unchanged head, for procedural colors, (V, 3)."""
    scale: float
    """Person units per head unit."""
    pivot: NDArray[np.float32]
    """Pivot of the head's rotation, shape (3,)."""
    follows: NDArray[np.float32]
    """Share of the head's rotation that each vertex follows, shape (V, 1)."""
    culled: NDArray[np.uint8]
    """Triangles that have an invisible back, shape (F,)."""
    props: slice
    """Vertices of the object held in front of the face."""
    texture: NDArray[np.float32]
    """Linear albedo and gloss of the face, shape (rows, columns, 4)."""
    texture_divisor: int
    strand_ends: NDArray[np.float32]
    strand_tones: NDArray[np.float32]


def make_person(traits: Traits, *, held: Prop = "none", texture_divisor: int = 2) -> Person:
    """Build a person.

    Args:
        traits: Traits of the person.
        held: Object that the person may hold in front of the face in this clip.
        texture_divisor: 2 for faces up to about 130 px, 1 for larger ones.
    """
    head = load_head()
    shape = head.vertices + shape_change(head, traits)
    left, right = (shape[head.joints[f"{side}_eye"]].mean(0) for side in "lr")
    layers, ends = grow_hair(traits, shape)
    own = Mesh(
        vertices=tucked(head, shape),
        triangles=head.triangles,
        uv=head.triangle_uv,
        materials=head.materials,
        tints=np.zeros((len(head.triangles), 5), np.float32),
    )
    corners = np.concatenate(mouth_corners())
    mouth = (shape[corners] - head.vertices[corners]).mean(0)
    held_parts = prop(traits, held, mouth)
    pieces = [own, body_below(head, shape), *layers, *bun(traits, head, shape)]
    pieces += [*glasses(traits, left, right), *held_parts]
    whole = join(pieces)
    center = shape[head.joints["head"]].mean(0)
    scale = float((EYE_DISTANCE / np.linalg.norm(left - right)) ** 0.5)
    vertices = ((whole.vertices - center) * scale).astype(np.float32)
    neck = (shape[head.joints["neck"]].mean(0) - center) * scale
    num_held = sum(len(piece.vertices) for piece in held_parts)
    num = len(vertices)
    added = whole.vertices[len(shape) :].copy()
    added[:, 1] = np.minimum(added[:, 1], BELOW_COLLARS)
    return Person(
        traits=traits,
        mesh=Mesh(
            vertices=vertices,
            triangles=whole.triangles,
            uv=whole.uv,
            materials=whole.materials,
            tints=whole.tints,
        ),
        rest=np.concatenate([head.vertices, added]).astype(np.float32),
        scale=scale,
        pivot=(neck + np.array([0, 0.35, 0.1])).astype(np.float32),
        follows=smoothstep(neck[1] - 0.35, neck[1] + 0.45, vertices[:, 1:2]).astype(
            np.float32
        ),
        culled=np.isin(whole.materials, [Material.SKIN, Material.TORSO]).astype(np.uint8)
        * np.uint8(1),
        props=slice(num - num_held, num),
        texture=paint_face(traits, texel_map(texture_divisor)),
        texture_divisor=texture_divisor,
        strand_ends=ends,
        strand_tones=strand_tones(traits),
    )


def shape_change(head: HeadAsset, traits: Traits) -> NDArray[np.float32]:
    """Return the difference of the person's neutral head from the asset's, (V, 3)."""
    rng = np.random.default_rng((traits.seed, 0x5A9))
    weights: dict[str, float] = {}
    for sex, by_sex in (("female", 1 - traits.maleness), ("male", traits.maleness)):
        for age, by_age in (("young", 1 - traits.age), ("old", traits.age)):
            share = by_sex * by_age
            races = zip(("african", "asian", "caucasian"), traits.ancestry, strict=True)
            for race, by_race in races:
                weights[f"race:{race}-{sex}-{age}"] = share * by_race
            weights[f"body:{sex}-{age}-averageweight"] = share * (1 - abs(traits.weight))
            weights[f"body:{sex}-{age}-maxweight"] = share * max(traits.weight, 0)
            weights[f"body:{sex}-{age}-minweight"] = share * max(-traits.weight, 0)
    details = [name for name in head.targets if name.startswith("detail:")]
    for name in rng.choice(details, NUM_DETAILS, replace=False):
        amount = min(abs(rng.normal(0, 0.25)), 0.65)
        coarse = "detail:ears" in name or "detail:head" in name or "detail:neck" in name
        weights[str(name)] = amount * (0.55 if coarse else 1.0)
    weights["detail:mouth/mouth-angles-up"] = 0.25
    rows = [head.targets[name] for name in weights if name in head.targets]
    amounts = [weights[name] for name in weights if name in head.targets]
    picked = head.deltas[rows].reshape(len(rows), -1)
    return (np.array(amounts, np.float32) @ picked).reshape(-1, 3)


def expressed(
    person: Person, intensities: NDArray[np.floating], *, gaze: tuple[float, float] = (0, 0)
) -> NDArray[np.float32]:
    """Return the vertices of a person's face in one moment, head straight, shape (V, 3).

    Args:
        person: Person to pose.
        intensities: Intensities of the action units of `facs.DRAWN`, in [0, 1], shape
            (22,), or (2, 22) for the subject's left and right.
        gaze: Rotation of the eyes in the head to the subject's left and up, radians.
    """
    head = load_head()
    weights = face_unit_weights(
        head,
        intensities,
        gain=person.traits.gain,
        asymmetry=person.traits.asymmetry,
        gaze=gaze,
    )
    vertices = person.mesh.vertices.copy()
    active = np.nonzero(weights > 1e-4)[0]
    if len(active):
        move = weights[active] @ head.unit_deltas[active]
        vertices[: len(head.vertices)] += np.float32(person.scale) * move.reshape(-1, 3)
    return vertices


def turned(
    person: Person, vertices: NDArray[np.float32], rotation: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return vertices with the head rotated by a 3x3 matrix, the neck partly following."""
    moved = (vertices - person.pivot) @ rotation.T + person.pivot
    return (person.follows * moved + (1 - person.follows) * vertices).astype(np.float32)
