"""Stitching of the outputs of overlapping windows to one output per row.

Symbols: T rows, L rows of one window, K outputs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.windows import FloatArray, WindowSpec, layout, row_weights


def stitch(
    outputs: Sequence[NDArray[np.floating]],
    slices: Sequence[slice],
    *,
    times_s: FloatArray,
    spec: WindowSpec,
) -> NDArray[np.floating]:
    """Return one output per row, shape (T, K): the weighted mean over the windows.

    Where all windows agree, the result is exactly their value. Weights: `row_weights`.

    Args:
        outputs: One array per window, shape (L, K), finite.
        slices: What `cut` returned for the same times and spec.
        times_s: Strictly ascending, shape (T,).
        spec: Windows that the sequence was cut into.

    Raises:
        ValueError: If the slices are not those of `cut`, or an output does not have one row
            per row of its window, has another K than the first, or a value that is not
            finite.
    """
    windows = layout(times_s, spec)
    if [window.rows for window in windows] != list(slices) or len(outputs) != len(windows):
        raise ValueError(
            f"stitch: windows must be the {len(windows)} that cut gives for these times, "
            f"got {len(slices)} slices and {len(outputs)} outputs"
        )
    if not windows:
        return np.zeros((0, 0))
    mean = OverlapMean(len(times_s))
    for window, output in zip(windows, outputs, strict=True):
        mean.add(
            window.rows, output, row_weights(times_s[window.rows], window.start_s, spec)
        )
    return mean.values.astype(outputs[0].dtype, copy=False)


class OverlapMean:
    """Weighted mean per row, updated window by window.

    The update adds a share of the difference to the mean, so that equal values leave it
    unchanged to the last bit; streaming and batch do the same steps in the same order.
    """

    def __init__(self, num_rows: int) -> None:
        self.values: FloatArray = np.zeros((num_rows, 0))
        self._weights: FloatArray = np.zeros(num_rows)

    def add(self, rows: slice, output: NDArray[np.floating], weights: FloatArray) -> None:
        """Add `output`, shape (L, K), with `weights`, shape (L,).

        Raises:
            ValueError: If `output` has another shape, or a value that is not finite.
        """
        if not self.values.shape[1] and output.ndim == 2:
            self.values = np.zeros((len(self.values), output.shape[1]))
        expected = (len(weights), self.values.shape[1])
        if output.shape != expected or not np.isfinite(output).all():
            raise ValueError(
                f"stitch: window of rows {rows.start} to {rows.stop} must give finite "
                f"values of shape {expected}, got shape {output.shape} with "
                f"{int((~np.isfinite(output)).sum())} not finite"
            )
        self._weights[rows] += weights
        share = (weights / self._weights[rows])[:, None]
        self.values[rows] += share * (output - self.values[rows])

    def append(self, num_rows: int) -> None:
        """Make room for rows at the end."""
        grown = np.zeros((num_rows, self.values.shape[1]))
        self.values = np.concatenate([self.values, grown])
        self._weights = np.concatenate([self._weights, np.zeros(num_rows)])

    def pop(self, num_rows: int) -> FloatArray:
        """Remove the first rows and return their means, shape (num_rows, K)."""
        done = self.values[:num_rows]
        self.values, self._weights = self.values[num_rows:], self._weights[num_rows:]
        return done
