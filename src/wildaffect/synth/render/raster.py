"""Visibility of triangles by sample, and shadows.

Symbols: V vertices, F triangles, H and W samples.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wildaffect.synth.asset import Material

HAIR = int(Material.HAIR)
FAR = np.float32(1e9)
STRANDS = 768
"""Columns of the strand table that one layer of hair has."""
NARROW = 5
"""Width in samples up to which every sample of a row is tested."""
TIP = np.float32(0.05)
"""Distance by which a strand ends earlier at its edge than at its middle."""


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def corner_weights(xy, corners, x, y):
    """Return the barycentric weights of sample (x, y) in a triangle of `corners`."""
    a, b, c = corners
    px, py = x + np.float32(0.5), y + np.float32(0.5)
    bx, by = xy[b, 0] - px, xy[b, 1] - py
    cx, cy = xy[c, 0] - px, xy[c, 1] - py
    ax, ay = xy[a, 0] - px, xy[a, 1] - py
    inv = 1 / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    w0, w1 = (bx * cy - by * cx) * inv, (cx * ay - cy * ax) * inv
    return w0, w1, 1 - w0 - w1


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _narrowed(first, last, w, step):
    """Return the part of a row in which a weight that changes by `step` can be positive."""
    if step > 0:
        first = max(first, -w / step)
    elif step < 0:
        last = min(last, np.float32(0.02) - w / step)
    return first, last


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _strand_reaches(u, v, strand_ends):
    """Return whether a strand of hair reaches (u, v); it ends earlier at its edges."""
    place = u * STRANDS
    column = min(int(place), strand_ends.shape[0] - 1)
    off_axis = abs(place - column - np.float32(0.5))
    return v <= strand_ends[column] - TIP * off_axis


@njit(cache=True, fastmath=True, error_model="numpy")
def rasterize(
    xy: NDArray[np.float32],
    depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    culled: NDArray[np.uint8],
    materials: NDArray[np.int32],
    uv: NDArray[np.float32],
    strand_ends: NDArray[np.float32],
    zbuffer: NDArray[np.float32],
    seen: NDArray[np.int32],
) -> None:
    """Fill `zbuffer` and `seen` (triangle or -1) of every sample.

    Hair triangles are cut strand by strand: beyond the strand's end nothing is drawn.
    """
    height, width = zbuffer.shape
    zbuffer[:] = FAR
    seen[:] = -1
    one = np.float32(1.0)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = xy[a, 0], xy[a, 1]
        bx, by = xy[b, 0], xy[b, 1]
        cx, cy = xy[c, 0], xy[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (culled[t] == 1 and area > 0):
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        if x0 > x1 or y0 > y1:
            continue
        inv = one / area
        zc = depth[c]
        za, zb = depth[a] - zc, depth[b] - zc
        uc, vc = uv[t, 2, 0], uv[t, 2, 1]
        ua, va, ub, vb = (
            uv[t, 0, 0] - uc,
            uv[t, 0, 1] - vc,
            uv[t, 1, 0] - uc,
            uv[t, 1, 1] - vc,
        )
        is_hair = materials[t] == HAIR
        step0 = (by - cy) * inv
        step1 = (cy - ay) * inv
        for y in range(y0, y1 + 1):
            py = np.float32(y + 0.5)
            px = np.float32(x0 + 0.5)
            w0 = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inv
            w1 = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inv
            first, last = np.float32(0), np.float32(x1 - x0)
            if last > NARROW:
                first, last = _narrowed(first, last, w0, step0)
                first, last = _narrowed(first, last, w1, step1)
                first, last = _narrowed(first, last, one - w0 - w1, -step0 - step1)
                if first > last:
                    continue
                w0 += int(first) * step0
                w1 += int(first) * step1
            for x in range(x0 + int(first), x0 + int(last) + 1):
                if w0 >= 0 and w1 >= 0 and one - w0 - w1 >= 0:
                    z = w0 * za + w1 * zb + zc
                    if z < zbuffer[y, x] and (
                        not is_hair
                        or _strand_reaches(
                            w0 * ua + w1 * ub + uc, w0 * va + w1 * vb + vc, strand_ends
                        )
                    ):
                        zbuffer[y, x] = z
                        seen[y, x] = t
                w0 += step0
                w1 += step1


@njit(cache=True, fastmath=True, error_model="numpy")
def light_reaching(
    map_xy: NDArray[np.float32],
    map_depth: NDArray[np.float32],
    facing: NDArray[np.float32],
    shadow_map: NDArray[np.float32],
    lit: NDArray[np.float32],
) -> None:
    """Write the share of the key light in [0, 1] that reaches each vertex.

    `facing` is the cosine between normal and light; the bias grows where light grazes.
    """
    size = shadow_map.shape[0]
    for i in range(map_xy.shape[0]):
        if facing[i] < -0.3:
            lit[i] = 0
            continue
        bias = np.float32(0.05) + np.float32(0.12) * (1 - max(np.float32(0), facing[i]))
        count = 0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                x = min(max(int(map_xy[i, 0] + dx), 0), size - 1)
                y = min(max(int(map_xy[i, 1] + dy), 0), size - 1)
                if map_depth[i] <= shadow_map[y, x] + bias:
                    count += 1
        lit[i] = np.float32(count / 9)


@njit(cache=True, fastmath=True, error_model="numpy")
def vertex_normals(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    normals: NDArray[np.float32],
) -> None:
    """Write unit normals, each the mean of its triangles' weighted by area."""
    normals[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        wx = vertices[c, 0] - vertices[a, 0]
        wy = vertices[c, 1] - vertices[a, 1]
        wz = vertices[c, 2] - vertices[a, 2]
        nx = uy * wz - uz * wy
        ny = uz * wx - ux * wz
        nz = ux * wy - uy * wx
        for i in (a, b, c):
            normals[i, 0] += nx
            normals[i, 1] += ny
            normals[i, 2] += nz
    for i in range(normals.shape[0]):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        inv = np.float32(1.0) / np.sqrt(x * x + y * y + z * z + np.float32(1e-12))
        normals[i, 0] = x * inv
        normals[i, 1] = y * inv
        normals[i, 2] = z * inv
