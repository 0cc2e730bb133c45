"""Pieces of a surface mesh, and their concatenation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles with their attributes for the renderer. V vertices, F triangles."""

    vertices: NDArray[np.float32]
    """Shape (V, 3)."""
    triangles: NDArray[np.int32]
    """Shape (F, 3)."""
    uv: NDArray[np.float32]
    """Texture coordinates of corners, shape (F, 3, 2)."""
    materials: NDArray[np.int32]
    """Shape (F,), values of `wildaffect.synth.asset.Material`."""
    tints: NDArray[np.float32]
    """Linear RGB, gloss and skin-like softness of plain triangles, shape (F, 5)."""


def join(meshes: list[Mesh]) -> Mesh:
    """Return all pieces as one mesh; vertices are in the order of the pieces."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        triangles=np.concatenate(
            [mesh.triangles + offset for mesh, offset in zip(meshes, offsets, strict=True)]
        ).astype(np.int32),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
        materials=np.concatenate([mesh.materials for mesh in meshes]),
        tints=np.concatenate([mesh.tints for mesh in meshes]),
    )


def grid(
    points: NDArray[np.floating],
    material: int,
    *,
    uv: NDArray[np.floating] | None = None,
    tint: tuple[float, ...] = (0, 0, 0, 0, 0),
) -> Mesh:
    """Return the surface through a grid of points, shape (rows, columns, 3)."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    flat = np.zeros((rows * columns, 2)) if uv is None else uv.reshape(-1, 2)
    return Mesh(
        vertices=points.reshape(-1, 3).astype(np.float32),
        triangles=triangles,
        uv=flat[triangles].astype(np.float32),
        materials=np.full(len(triangles), material, np.int32),
        tints=np.tile(np.array(tint, np.float32), (len(triangles), 1)),
    )


def tube(
    path: NDArray[np.floating],
    radius: float | NDArray[np.floating],
    material: int,
    *,
    sides: int = 5,
    tint: tuple[float, ...] = (0, 0, 0, 0, 0),
) -> Mesh:
    """Return a tube around a path of points, shape (N, 3)."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    helper = np.where(np.abs(along[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(along, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(along, first)
    turn = np.linspace(0, 2 * np.pi, sides + 1)
    ring = first[:, None] * np.cos(turn)[:, None] + second[:, None] * np.sin(turn)[:, None]
    wide = np.broadcast_to(radius, len(path))[:, None, None]
    return grid(path[:, None] + wide * ring, material, tint=tint)


def ball(
    center: NDArray[np.floating],
    radii: tuple[float, float, float],
    material: int,
    *,
    tint: tuple[float, ...] = (0, 0, 0, 0, 0),
) -> Mesh:
    """Return an ellipsoid with axes along x, y and z."""
    down = np.linspace(0, np.pi, 9)[:, None]
    around = np.linspace(0, 2 * np.pi, 13)[None]
    unit = np.stack(
        [
            np.sin(down) * np.cos(around),
            np.cos(down) + 0 * around,
            np.sin(down) * np.sin(around),
        ],
        -1,
    )
    u = np.broadcast_to(around / (2 * np.pi), unit.shape[:2])
    v = np.broadcast_to(0.5 * down / np.pi, unit.shape[:2])
    return grid(center + unit * radii, material, uv=np.stack([u, v], -1), tint=tint)
