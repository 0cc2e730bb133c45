"""Clips of one face, cut while its crops arrive, with the crops of one clip in memory.

Crops are sampled at equal steps in time from the first one on: a frame of a clip shows the
last crop up to its time. After a gap longer than `max_gap_s` sampling starts over, so that
no clip spans it. Symbols: T frames of a clip, S side of the crop, C channels.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.clips import ClipSampling
from wildaffect.core.windows import TIME_TOLERANCE_S

Crop = NDArray[np.uint8]
"""Shape (S, S, C)."""


class Clip(NamedTuple):
    """Crops of a face, and the frame at which their row stands."""

    frame_number: int
    time_s: float
    crops: tuple[Crop, ...]
    """Length T."""


class _Seen(NamedTuple):
    frame_number: int
    time_s: float
    crop: Crop


class ClipCutter:
    """Cuts the crops of one track into clips.

    Args:
        sampling: Frames of a clip, and the distance between clips.

    Attributes:
        num_short: Number of pieces of the track that were too short for a clip.
    """

    def __init__(self, sampling: ClipSampling) -> None:
        self._sampling = sampling
        self._sampled: deque[_Seen] = deque(maxlen=sampling.num_frames)
        self._num_sampled = 0
        self._start_s = 0.0
        self._last: _Seen | None = None
        self._last_row = -1
        self.num_short = 0

    def add(self, frame_number: int, time_s: float, crop: Crop) -> Iterator[Clip]:
        """Yield the clips that are complete with this crop; iterate to the end.

        Args:
            frame_number: Number of the frame, ascending.
            time_s: Its time, ascending.
            crop: The face in it.
        """
        sampling, seen = self._sampling, _Seen(frame_number, time_s, crop)
        gap_s = time_s - self._last.time_s if self._last else 0.0
        if gap_s > sampling.max_gap_s + TIME_TOLERANCE_S:
            yield from self.end()
        if self._last is None:
            self._last, self._start_s = seen, time_s
        while (due_s := self._due_s()) <= time_s + TIME_TOLERANCE_S:
            self._sampled.append(seen if due_s >= time_s - TIME_TOLERANCE_S else self._last)
            self._num_sampled += 1
            since_first = self._num_sampled - sampling.num_frames
            if since_first >= 0 and since_first % sampling.stride == 0:
                yield from self._clip()
        self._last = seen

    def end(self) -> Iterator[Clip]:
        """Yield the last clip of a piece, of its last frames; start over after it.

        A piece shorter than a clip repeats its last crop; one shorter than half a clip has
        no row.
        """
        sampling = self._sampling
        since_first = self._num_sampled - sampling.num_frames
        if since_first >= 0:
            if since_first % sampling.stride:
                yield from self._clip()
        elif self._num_sampled >= sampling.min_frames:
            yield from self._clip()
        elif self._num_sampled:
            self.num_short += 1
        self._sampled.clear()
        self._num_sampled, self._last = 0, None

    def _due_s(self) -> float:
        return self._start_s + self._num_sampled * self._sampling.step_s

    def _clip(self) -> Iterator[Clip]:
        """Yield the sampled frames as a clip, unless its frame has a row already.

        That happens where the video has fewer frames than clips.
        """
        sampled = tuple(self._sampled)
        at = len(sampled) // 2 if self._sampling.row_at == "middle" else -1
        row = sampled[at]
        if row.frame_number <= self._last_row:
            return
        self._last_row = row.frame_number
        missing = self._sampling.num_frames - len(sampled)
        crops = [seen.crop for seen in sampled] + [sampled[-1].crop] * missing
        yield Clip(row.frame_number, row.time_s, tuple(crops))
