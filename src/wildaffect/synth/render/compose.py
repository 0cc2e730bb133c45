"""Processing of every pixel of a picture: the background and the sensor response."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, error_model="numpy")
def lay_over(
    color: NDArray[np.float32],
    alpha: NDArray[np.float32],
    wide: NDArray[np.float32],
    matrix: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:
    """Composite premultiplied `color` (H, W, 3) over `wide`, mapped by `matrix`, to `out`.

    The background is out of focus, so nearest-neighbor sampling suffices; beyond its edge
    it is mirrored once.
    """
    rows, columns = wide.shape[0], wide.shape[1]
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            through = np.float32(1) - alpha[y, x]
            if through <= 0:
                for k in range(3):
                    out[y, x, k] = color[y, x, k]
                continue
            column = int(abs(matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) + 0.5)
            row = int(abs(matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) + 0.5)
            column = max(0, min(column, 2 * columns - 2 - column))
            row = max(0, min(row, 2 * rows - 2 - row))
            for k in range(3):
                out[y, x, k] = color[y, x, k] + wide[row, column, k] * through


@njit(cache=True, error_model="numpy")
def expose(
    light: NDArray[np.float32],
    gain: NDArray[np.float32],
    curve: NDArray[np.float32],
    noise: NDArray[np.float32],
    first: tuple[int, int],
    image: NDArray[np.uint8],
) -> None:
    """Write `image`, uint8 BGR: light through the display curve, with noise on top.

    `first` is the position in the square of noise at which this picture's noise begins.
    """
    size, top = noise.shape[0], np.float32(len(curve) - 1)
    for y in range(image.shape[0]):
        row = (first[0] + y) % size
        column = first[1]
        for x in range(image.shape[1]):
            for k in range(3):
                level = min(max(light[y, x, k] * gain[k], np.float32(0)), top)
                shown = curve[int(level)] + noise[row, column, k]
                shown = min(max(shown, np.float32(0)), np.float32(1))
                image[y, x, 2 - k] = int(shown * np.float32(255) + np.float32(0.5))
            column = column + 1 if column + 1 < size else 0
