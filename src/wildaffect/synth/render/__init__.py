"""Software renderer of triangles; the only part of the project that needs numba."""
