"""The head mesh shared by all people: mesh, shape targets, face units, texture masks.

Symbols: V vertices, F triangles, N targets. Head units: the eyes are about 0.62 apart, so
one unit is about 0.1 m; x is the subject's left, y up, z toward the camera.
Source: MakeHuman / MPFB2 base mesh and targets, face units by Mika Suominen (both CC0-1.0),
reduced by `scripts/build_head_asset.py`; provenance is next to the file.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.cheek import RAISED, raised_cheeks
from wildaffect.synth.nose import WRINKLED, wrinkled_nose


class Material(IntEnum):
    """Material of a triangle; values up to `TORSO` are those of the asset."""

    SKIN = 0
    LEFT_EYE = 1
    RIGHT_EYE = 2
    TEETH = 3
    TONGUE = 4
    LASHES = 5
    MOUTH_CAVITY = 6
    TORSO = 7
    HAIR = 8
    PLAIN = 9
    """One color per triangle: glasses, hands, objects in front of the face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAsset:
    """Average head and shoulders, and their variations."""

    vertices: NDArray[np.float32]
    """Shape (V, 3), head units."""
    triangles: NDArray[np.int32]
    """Shape (F, 3)."""
    triangle_uv: NDArray[np.float32]
    """Texture coordinates of each corner, shape (F, 3, 2)."""
    materials: NDArray[np.int32]
    """Shape (F,), values of `Material`."""
    targets: dict[str, int]
    """Name such as `race:asian-female-old` or `detail:nose/...` to row of `deltas`."""
    deltas: NDArray[np.float32]
    """Displacement of every vertex by each target at full strength, shape (N, V, 3)."""
    units: tuple[str, ...]
    """Names of the 52 face units, then of those that `cheek` and `nose` add."""
    unit_deltas: NDArray[np.float32]
    """Shape (56, V * 3)."""
    face_uv: tuple[float, float, float, float]
    """The face's part of texture space: u from, to, v from, to."""
    lips: NDArray[np.float32]
    """Texture mask in [0, 1]."""
    joints: dict[str, NDArray[np.int64]]
    """Vertices around each joint."""
    ears: NDArray[np.bool_]
    """Shape (V,)."""

    def joint(self, name: str) -> NDArray[np.float32]:
        """Return the center of a joint of the unchanged head, shape (3,)."""
        return self.vertices[self.joints[name]].mean(0)


@cache
def load_head() -> HeadAsset:
    """Read the head included in the package."""
    with as_file(files("wildaffect.synth") / "assets" / "head.npz") as path:
        stored = np.load(path)
        arrays = {name: stored[name] for name in stored.files}
    names = [str(name) for name in arrays["target_names"]]
    scale = arrays["target_scale"][:, None, None] / np.float32(32767)
    by_vertex = np.ascontiguousarray(arrays["target_deltas"].transpose(0, 2, 1))
    deltas = by_vertex.astype(np.float32) * scale
    unit_rows = [row for row, name in enumerate(names) if name.startswith("unit:")]
    ear_rows = [row for row, name in enumerate(names) if name.startswith("detail:ears/")]
    moved_by_ears = np.abs(deltas[ear_rows]).max((0, 2)) > 0.02
    vertices = arrays["vertices"]
    materials = arrays["triangle_material"].astype(np.int32)
    triangles = arrays["triangles"].astype(np.int32)
    added = np.concatenate([raised_cheeks(vertices), wrinkled_nose(vertices)])
    moved = np.isin(materials, [Material.SKIN, Material.LASHES])
    added[:, ~np.isin(np.arange(len(vertices)), triangles[moved])] = 0
    unit_deltas = np.concatenate([deltas[unit_rows], added])
    at_the_side = (np.abs(vertices[:, 0]) > 0.70) & (vertices[:, 2] < 0.55)
    return HeadAsset(
        vertices=vertices,
        triangles=triangles,
        triangle_uv=arrays["triangle_uv"],
        materials=materials,
        targets={name: row for row, name in enumerate(names)},
        deltas=deltas,
        units=(
            *(names[row].removeprefix("unit:") for row in unit_rows),
            *RAISED,
            *WRINKLED,
        ),
        unit_deltas=unit_deltas.reshape(len(unit_deltas), -1),
        face_uv=tuple(float(x) for x in arrays["face_uv"]),  # type: ignore[arg-type]
        lips=arrays["lips_mask"].astype(np.float32) / 255,
        joints={
            name.removeprefix("joint_"): arrays[name].astype(np.int64)
            for name in arrays
            if name.startswith("joint_")
        },
        ears=moved_by_ears & at_the_side,
    )
