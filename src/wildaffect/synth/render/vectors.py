"""The few vectors of one sample, kept as rows of one array, and sums over them."""

import numpy as np
from numba import njit

NORMAL, POSED, REST, VIEW, HALF, TEXTURE = range(6)
"""Rows: surface normal; place in the scene and on the unchanged head; direction to the
camera; half way between camera and light; texture coordinates (two numbers)."""


@njit(cache=True, fastmath=True)
def make_unit(vectors, row):
    """Scale a row to length 1."""
    x, y, z = vectors[row, 0], vectors[row, 1], vectors[row, 2]
    inv = 1 / np.sqrt(x * x + y * y + z * z + 1e-9)
    vectors[row, 0] = x * inv
    vectors[row, 1] = y * inv
    vectors[row, 2] = z * inv


@njit(cache=True, fastmath=True)
def dot(vectors, a, b):
    """Return the scalar product of two rows."""
    total = vectors[a, 0] * vectors[b, 0] + vectors[a, 1] * vectors[b, 1]
    return total + vectors[a, 2] * vectors[b, 2]


@njit(cache=True, fastmath=True)
def dot_look(vectors, a, look, start):
    """Return the scalar product of a row with three numbers of `look`."""
    total = vectors[a, 0] * look[start] + vectors[a, 1] * look[start + 1]
    return total + vectors[a, 2] * look[start + 2]
