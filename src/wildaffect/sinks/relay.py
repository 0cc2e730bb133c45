"""Relay of rows to receivers, and how far it is behind the source."""

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wildaffect.core.results import FaceResult
from wildaffect.outputs.schema import ResultSchema
from wildaffect.sinks.sink import LiveRow, Sink
from wildaffect.video.live import NewestFrames

_KEPT_DELAYS = 4096
"""Number of the newest delays that are kept for their median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """State of a live stream."""

    num_frames: int
    """Frames that arrived."""
    num_dropped: int
    """Frames that were not analyzed, as newer ones had arrived."""
    num_rows: int
    """Rows that were sent."""
    median_delay_ms: float
    """From the arrival of a frame to the sending of its row; NaN before the first.

    Of the newest 4,096 rows, as is the maximum.
    """
    max_delay_ms: float
    error: str | None = None
    """Why the source broke off, if it did."""


OnState = Callable[[StreamState], None]


class Relay:
    """Sends each row to every receiver.

    Args:
        frames: Frames that the rows are from.
        schema: Columns of the rows.
        sinks: Open receivers.
    """

    def __init__(
        self, frames: NewestFrames, schema: ResultSchema, sinks: Sequence[Sink]
    ) -> None:
        self._frames, self._schema, self._sinks = frames, schema, sinks
        self._num_rows = 0
        self._delays_s: deque[float] = deque(maxlen=_KEPT_DELAYS)

    def send(self, row: FaceResult) -> None:
        """Send a row.

        Raises:
            OutputError: If a receiver can no longer be used.
        """
        arrived_s = self._frames.arrived_s(row.frame_index)
        live = LiveRow(row, self._schema, arrived_s)
        for sink in self._sinks:
            sink.send(live)
        self._num_rows += 1
        self._delays_s.append(time.monotonic() - arrived_s)

    def state(self, error: str | None = None) -> StreamState:
        """Return the state so far."""
        delays_s = self._delays_s
        return StreamState(
            num_frames=self._frames.num_read,
            num_dropped=self._frames.num_dropped,
            num_rows=self._num_rows,
            median_delay_ms=1e3 * statistics.median(delays_s) if delays_s else math.nan,
            max_delay_ms=1e3 * max(delays_s) if delays_s else math.nan,
            error=error,
        )
