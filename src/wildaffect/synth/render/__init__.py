"""Triangles to pixels on a CPU; the only part of the project that needs numba."""
