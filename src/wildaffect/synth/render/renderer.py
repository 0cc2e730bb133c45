"""Rendering of a person at a moment to premultiplied linear color, with exact points.

Coordinates: person units (see `person.Person`); pixels run right and down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.asset import load_head
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.light import Light
from wildaffect.synth.person import Person, expressed, turned
from wildaffect.synth.render.raster import light_reaching, rasterize, vertex_normals
from wildaffect.synth.render.shade import SUBSAMPLES, shade
from wildaffect.synth.render.texels import texel_map

CAMERA_DISTANCE = 9.0
"""Person units from the lens to the face, about 0.9 m."""
EYE_RADIUS = 0.145
SHADOW_SIZE = 96
SHADOW_SPAN = 4.2
"""Size of the shadow map in person units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """State of a person in one frame."""

    intensities: NDArray[np.floating]
    """Intensities of `facs.DRAWN`, in [0, 1], shape (22,), or (2, 22) for the subject's
    left and right."""
    rotation: NDArray[np.float32]
    """Rotation matrix of the head, 3x3."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """Rotation of the eyes to the subject's left and up, radians."""
    held: float = 0.0
    """Share by which the object is in front of the face: 0 not, 1 fully."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """From person units at the face's depth to pixels: a similarity transform."""

    matrix: NDArray[np.float64]
    """Shape (2, 3), maps (x right, y down) to pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Result of rendering; buffers are reused by the next call."""

    color: NDArray[np.float32]
    """Premultiplied linear RGB, shape (H, W, 3)."""
    alpha: NDArray[np.float32]
    """Shape (H, W)."""


def posed_vertices(person: Person, moment: Moment) -> NDArray[np.float32]:
    """Return all vertices of a person at a moment, shape (V, 3)."""
    vertices = expressed(person, moment.intensities, gaze=moment.gaze)
    if person.props.stop > person.props.start:
        away = np.array([0.5, -3.2, 0.3], np.float32) * np.float32(1 - moment.held)
        vertices[person.props] += away
    return turned(person, vertices, moment.rotation)


def on_image_plane(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return perspective x (right) and y (down) in person units at the face's depth."""
    nearness = np.float32(CAMERA_DISTANCE) / (np.float32(CAMERA_DISTANCE) - vertices[:, 2:])
    return vertices[:, :2] * nearness * np.array([1, -1], np.float32)


class Renderer:
    """Renders people into a window of fixed size; reuses its buffers between frames."""

    def __init__(self, height: int, width: int) -> None:
        fine = (height * SUBSAMPLES, width * SUBSAMPLES)
        self.height, self.width = height, width
        self._zbuffer = np.empty(fine, np.float32)
        self._seen = np.empty(fine, np.int32)
        self.color = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        shadow = (SHADOW_SIZE, SHADOW_SIZE)
        self._shadow = np.empty(shadow, np.float32)
        self._shadow_seen = np.empty(shadow, np.int32)

    @property
    def seen_triangles(self) -> NDArray[np.int32]:
        """Visible triangle of each subsample in the last rendering, -1 for none."""
        return self._seen

    def draw(
        self,
        person: Person,
        moment: Moment,
        vertices: NDArray[np.float32],
        placement: Placement,
        light: Light,
    ) -> Drawing:
        """Render a person.

        Args:
            person: Person to render.
            moment: State of the person.
            vertices: Result of `posed_vertices` for both.
            placement: Position in the window.
            light: Light of the scene.
        """
        mesh = person.mesh
        plane = on_image_plane(vertices)
        xy = plane @ placement.matrix[:, :2].T + placement.matrix[:, 2]
        fine_xy = (xy * SUBSAMPLES).astype(np.float32)
        rasterize(
            fine_xy,
            np.float32(CAMERA_DISTANCE) - vertices[:, 2],
            mesh.triangles, person.culled, mesh.materials, mesh.uv, person.strand_ends,
            self._zbuffer, self._seen,
        )  # fmt: skip
        normals = np.empty_like(vertices)
        vertex_normals(vertices, mesh.triangles, normals)
        direction = _unit(light.direction)
        lit = self._light(person, vertices, normals, direction)
        eyes = packed_eyes(moment, float(np.hypot(*placement.matrix[:, 0])))
        shade(
            fine_xy, self._seen, self._zbuffer, mesh.triangles, mesh.uv,
            mesh.materials, mesh.tints, normals, lit, person.rest, vertices, person.texture,
            texel_map(person.texture_divisor).wrinkles, wrinkle_depths(person, moment),
            person.strand_tones, person.strand_ends,
            packed_look(person, light, direction), eyes,
            np.array([0.0, 0.0, CAMERA_DISTANCE]), self.color, self.alpha,
        )  # fmt: skip
        return Drawing(color=self.color, alpha=self.alpha)

    def _light(
        self,
        person: Person,
        vertices: NDArray[np.float32],
        normals: NDArray[np.float32],
        direction: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        x, y, z = direction
        level = np.hypot(x, z) + 1e-9
        across = np.array([z, 0.0, -x]) / level
        upward = np.array([-x * y, level**2, -y * z]) / level
        scale = SHADOW_SIZE / SHADOW_SPAN
        axes = np.stack([across * scale, upward * scale, -direction], 1).astype(np.float32)
        mapped = vertices @ axes
        map_xy = np.ascontiguousarray(mapped[:, :2] + np.float32(SHADOW_SIZE / 2))
        depth = np.ascontiguousarray(mapped[:, 2])
        mesh = person.mesh
        rasterize(
            map_xy, depth, mesh.triangles, np.zeros_like(person.culled), mesh.materials,
            mesh.uv, person.strand_ends, self._shadow, self._shadow_seen,
        )  # fmt: skip
        lit = np.empty(len(vertices), np.float32)
        facing = normals @ direction.astype(np.float32)
        light_reaching(map_xy, depth, facing, self._shadow, lit)
        return lit


def _unit(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    array = np.array(vector, np.float64)
    return array / np.linalg.norm(array)


def packed_look(
    person: Person, light: Light, direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return light and colors in the order that `shade` unpacks."""
    traits = person.traits
    return np.concatenate(
        [
            load_head().face_uv,
            direction,
            light.key,
            light.sky,
            light.ground,
            [light.gloss],
            traits.skin * 0.93,
            traits.iris,
            traits.hair,
            traits.cloth,
            traits.teeth,
            [traits.cloth_stripes, traits.neckline],
            _unit(light.fill_direction),
            light.fill,
        ]
    )


def wrinkle_depths(person: Person, moment: Moment) -> NDArray[np.float64]:
    """Return how deep each wrinkle map folds now, on both sides alike, shape (9,)."""
    both = np.broadcast_to(moment.intensities, (2, len(DRAWN))).mean(0)
    shown = both * person.traits.gain

    def of(number: int) -> float:
        return float(shown[COLUMN[number]])

    depths = [
        min(1.0, 0.45 * of(1) + 0.75 * of(2)) * float(of(2) > 0.05),
        of(1),
        of(4),
        of(6) + 0.25 * of(12),
        0.8 * of(6) + 0.7 * of(7),
        of(9) + 0.35 * of(10),
        0.55 * of(12) + 0.8 * of(10) + 0.35 * of(6) + 0.3 * of(15),
        0.9 * of(15) + 0.8 * of(17),
        of(6) + 0.2 * of(12),
    ]
    return np.array(depths) * person.traits.wrinkle_depth


def packed_eyes(moment: Moment, pixels_per_unit: float) -> NDArray[np.float64]:
    """Return for each eye its center and direction on the unchanged head, and softness.

    Softness is the angle that a pixel covers on the eyeball; shape (2, 7).
    """
    head = load_head()
    to_left, up = moment.gaze
    rows = []
    for joint, toe_in in (("l_eye", 0.03), ("r_eye", -0.03)):
        angle = to_left - toe_in
        vector = np.array([np.sin(angle), np.sin(up), np.cos(angle) * np.cos(up)])
        vector /= np.linalg.norm(vector)
        softness = 0.9 / (EYE_RADIUS * pixels_per_unit)
        rows.append([*head.joint(joint), *vector, softness])
    return np.array(rows, np.float64)
