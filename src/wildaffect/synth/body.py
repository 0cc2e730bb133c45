"""The body below a head: trunk and sleeves that begin inside the shoulders."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.asset import HeadAsset, Material
from wildaffect.synth.mesh import Mesh, grid, join, tube
from wildaffect.synth.noise import smoothstep

ARM_HEIGHTS = np.array([5.60, 5.51, 5.27, 4.9, 4.5, 3.0, 0.5])
ARM_RADII = np.array([0.02, 0.25, 0.41, 0.45, 0.43, 0.35, 0.28])


def tucked(head: HeadAsset, shape: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vertices with the cut edges of the torso pulled in, under the clothes.

    The head's own mesh ends in a ragged edge at shoulders and chest.
    """
    torso = np.unique(head.triangles[head.materials == Material.TORSO])
    x, y, z = head.vertices[torso].T
    low, outer = smoothstep(5.15, 4.65, y), smoothstep(1.45, 1.95, np.abs(x))
    result = shape.copy()
    result[torso, 0] -= x * np.maximum(0.30 * low, 0.13 * outer)
    result[torso, 1] -= 0.10 * outer * smoothstep(5.2, 5.6, y)
    result[torso, 2] -= (z - 0.3) * np.maximum(0.42 * low, 0.30 * outer)
    return result


def body_below(head: HeadAsset, shape: NDArray[np.float32]) -> Mesh:
    """Return trunk and arms, which begin inside the shoulders and extend straight down."""
    torso = np.unique(head.triangles[head.materials == Material.TORSO])
    low = torso[head.vertices[torso, 1] < 4.9]
    edge, lowered = shape[low], float((shape[low] - head.vertices[low])[:, 1].mean())
    reach = float(np.abs(edge[:, 0]).max())
    back, front = float(edge[:, 2].min()), float(edge[:, 2].max())
    heights = lowered + np.array([5.45, 5.2, 4.9, 4.55, 4.0, 3.0, 1.0, -4.0])
    wide = reach * np.array([0.45, 0.68, 0.84, 0.88, 0.86, 0.80, 0.78, 0.80])
    deep = 0.5 * (front - back) * np.array([0.32, 0.64, 0.95, 1.06, 1.08, 1.0, 0.9, 0.9])
    around = np.linspace(0, 2 * np.pi, 17)
    trunk = np.stack(
        [
            wide[:, None] * np.sin(around),
            np.broadcast_to(heights[:, None], (len(heights), len(around))),
            0.5 * (front + back) + deep[:, None] * np.cos(around),
        ],
        -1,
    )
    parts = [
        _outward(grid(trunk, Material.TORSO), np.array([0.0, 0.0, 0.5 * (front + back)]))
    ]
    for side in (-1.0, 1.0):
        middle = side * 0.735 * reach
        down = lowered + ARM_HEIGHTS
        outward = middle * (1 + 0.06 * (ARM_HEIGHTS[0] - ARM_HEIGHTS) / 5.1)
        path = np.stack([outward, down, np.linspace(0.15, 0.25, len(down))], 1)
        arm = tube(path, ARM_RADII, Material.TORSO, sides=11)
        parts.append(_outward(arm, np.array([middle, 0.0, 0.15])))
    return join(parts)


def _outward(mesh: Mesh, axis: NDArray[np.floating]) -> Mesh:
    """Return the surface with its triangles facing away from a vertical axis."""
    a, b, c = (mesh.vertices[mesh.triangles[:, corner]] for corner in range(3))
    away = (a + b + c) / 3 - axis
    away[:, 1] = 0
    inward = (np.cross(b - a, c - a) * away).sum() < 0
    order = [0, 2, 1] if inward else [0, 1, 2]
    return Mesh(
        vertices=mesh.vertices,
        triangles=np.ascontiguousarray(mesh.triangles[:, order]),
        uv=np.ascontiguousarray(mesh.uv[:, order]),
        materials=mesh.materials,
        tints=mesh.tints,
    )
