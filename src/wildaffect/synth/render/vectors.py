"""Vectors of one sample as tuples of three numbers: compilers keep them in registers."""

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def unit(x, y, z):
    """Return the vector at length 1."""
    inv = 1 / np.sqrt(x * x + y * y + z * z + 1e-9)
    return x * inv, y * inv, z * inv


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def dot(a, b):
    """Return the scalar product of two vectors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def three(values, start):
    """Return three numbers of a row of numbers, from `start` on."""
    return values[start], values[start + 1], values[start + 2]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def blended(values, corners, weights):
    """Return the mean of the rows of three corners, by their weights; `values` (V, 3)."""
    a, b, c = corners
    w0, w1, w2 = weights
    return (
        w0 * values[a, 0] + w1 * values[b, 0] + w2 * values[c, 0],
        w0 * values[a, 1] + w1 * values[b, 1] + w2 * values[c, 1],
        w0 * values[a, 2] + w1 * values[b, 2] + w2 * values[c, 2],
    )
