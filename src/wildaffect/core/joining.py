"""Several streams over the same rows, joined once the outputs of all are final.

Symbols: S streams, T rows, D features, K outputs of a stream.
"""

from collections.abc import Callable, Sequence

import numpy as np

from wildaffect.core.rate import Stream
from wildaffect.core.streaming import Finished, Floats
from wildaffect.core.windows import FloatArray

Join = Callable[[Sequence[Floats]], Floats]
"""Outputs of S streams for the same rows, each (T, K), to those of the rows, row by row."""


class StreamingJoin:
    """Passes every row to all streams and joins their outputs.

    However the rows are divided into pushes, the outputs are those of `join` over the
    outputs of each stream on the whole sequence. A row is returned when the slowest stream
    is done with it; until then outputs of the other streams are buffered, features are not.

    Args:
        streams: At least one stream; each returns every row once, in order.
        join: Combines their outputs for some rows, each row independently.
    """

    def __init__(self, streams: Sequence[Stream], join: Join) -> None:
        self._streams, self._join = streams, join
        self._start()

    def _start(self) -> None:
        self._waiting_s: FloatArray = np.zeros(0)
        self._said: list[Floats] = [np.zeros((0, 0)) for _ in self._streams]
        """Outputs that each stream has returned for the first waiting rows."""

    @property
    def num_held(self) -> int:
        """Number of rows pushed and not yet returned."""
        return len(self._waiting_s)

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows, shape (T, D), and return those that are now final.

        Raises:
            ValueError: As the streams do.
        """
        self._waiting_s = np.concatenate([self._waiting_s, times_s])
        self._take([stream.push(times_s, rows) for stream in self._streams])
        return self._give_back()

    def flush(self) -> Finished:
        """End the sequence and return the buffered rows."""
        self._take([stream.flush() for stream in self._streams])
        finished = self._give_back()
        self._start()
        return finished

    def _take(self, finished: Sequence[Finished]) -> None:
        for place, (times_s, outputs) in enumerate(finished):
            if len(times_s):
                held = self._said[place]
                self._said[place] = (
                    np.concatenate([held, outputs]) if len(held) else outputs
                )

    def _give_back(self) -> Finished:
        num_ready = min(map(len, self._said))
        if not num_ready:
            return Finished(np.zeros(0), np.zeros((0, 0)))
        joined = self._join([predicted[:num_ready] for predicted in self._said])
        self._said = [predicted[num_ready:] for predicted in self._said]
        times_s, self._waiting_s = np.split(self._waiting_s, [num_ready])
        return Finished(times_s, joined)
