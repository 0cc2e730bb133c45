"""Models that process every row separately, without delay or stitching.

Symbols: T rows of one push, D features, K outputs.
"""

import numpy as np

from wildaffect.core.streaming import Finished, Floats, Predict
from wildaffect.core.windows import FloatArray


class StreamingFrames:
    """Runs a model on each row as it arrives, and returns it immediately.

    The outputs are those of `StreamingWindows` over windows of one row.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._nothing: Floats = np.zeros((0, 0))

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows, shape (T, D), and return them all."""
        outputs = [
            self._predict(rows[place : place + 1], times_s[place : place + 1])
            for place in range(len(times_s))
        ]
        if not outputs:
            return Finished(times_s, self._nothing)
        self._nothing = outputs[-1][:0]
        return Finished(times_s, np.concatenate(outputs))

    def flush(self) -> Finished:
        """End the sequence; no rows are buffered."""
        return Finished(np.zeros(0), self._nothing)
