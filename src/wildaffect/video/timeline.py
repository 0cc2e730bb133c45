"""Numbers and times of decoded frames, also after lost packets.

Time stamps (pts, dts) are integers in units of the stream's time base.
"""

import heapq
from typing import Protocol

from wildaffect.video.picture import Damage


class Timeline(Protocol):
    """Numbers frames in the order of presentation."""

    @property
    def num_frames(self) -> int:
        """Number of frames so far, including lost frames."""

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Record a packet sent to the decoder."""

    def failed(self, dts: int | None) -> None:
        """Record that the decoder rejected a packet."""

    def suspect(self) -> None:
        """Record that the decoder repaired a frame and may have skipped others."""

    def place(self, pts: int | None) -> tuple[int, int | None] | None:
        """Return the number of a decoded frame and its time stamp, if it has one.

        None if the frame arrives after later frames; it is then already counted as lost.
        """

    @property
    def num_passed_over(self) -> int:
        """Number of packets so far that were due before a frame and yielded none."""

    def num_awaited(self) -> int:
        """Return how many packets have not become a frame."""

    def num_lost_at_end(self) -> int:
        """Return how many frames of a damaged stream are missing after the last frame."""


class StampedTimeline:
    """Timeline of containers whose packets have presentation times.

    Frames are counted. After a decoder error, time stamps that were sent and never returned
    are counted as lost frames, so that later frames keep their numbers. Packets that give
    no frame and no error (pictures before the first key frame of a cut stream, invisible
    reference pictures) are not frames of the video.
    """

    def __init__(self, damage: Damage) -> None:
        self.num_frames = 0
        self.num_passed_over = 0
        self._damage = damage
        self._pending: list[int] = []
        self._damaged = False
        self._lost_pts: set[int] = set()

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Store the packet's presentation time."""
        del dts
        if pts is not None:
            heapq.heappush(self._pending, pts)

    def failed(self, dts: int | None) -> None:
        """Start to count missing time stamps as lost frames."""
        del dts
        self._damaged = True

    def suspect(self) -> None:
        """Start to count missing time stamps as lost frames."""
        self._damaged = True

    def place(self, pts: int | None) -> tuple[int, int | None] | None:
        """Return the next number, after those of lost frames that were due earlier."""
        if pts is not None:
            if pts in self._lost_pts:
                return None
            missing = self._pop_until(pts)
            self.num_passed_over += len(missing)
            if self._damaged:
                self._lost_pts.update(missing)
                first = self.num_frames
                self.num_frames += len(missing)
                self._damage.lost.extend(range(first, self.num_frames))
        index = self.num_frames
        self.num_frames += 1
        return index, pts

    def num_awaited(self) -> int:
        """Return how many time stamps have not been returned."""
        return len(self._pending)

    def num_lost_at_end(self) -> int:
        """Return the same, if the decoder has reported errors."""
        return len(self._pending) if self._damaged else 0

    def _pop_until(self, pts: int) -> list[int]:
        earlier = []
        while self._pending and self._pending[0] < pts:
            earlier.append(heapq.heappop(self._pending))
        if self._pending and self._pending[0] == pts:
            heapq.heappop(self._pending)
        return earlier


class OrderedTimeline:
    """Timeline of containers that store frames in coding order without presentation times.

    AVI counts chunks at a constant rate; what its packets call pts is a guess. The k-th
    frame that the decoder shows takes the k-th smallest chunk number.
    """

    def __init__(self, damage: Damage) -> None:
        self.num_frames = 0
        self._damage = damage
        self.num_passed_over = 0
        self._pending: list[int] = []
        self._num_failed = 0

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Store the chunk's number."""
        del pts
        if dts is not None:
            heapq.heappush(self._pending, dts)

    def failed(self, dts: int | None) -> None:
        """Drop the chunk and count its frame as lost before the next frame."""
        self._num_failed += 1
        if dts in self._pending:
            self._pending.remove(dts)
            heapq.heapify(self._pending)

    def suspect(self) -> None:
        """Do nothing: without time stamps only rejected packets can be counted."""

    def place(self, pts: int | None) -> tuple[int, int | None]:
        """Return the next number and the smallest remaining chunk number."""
        del pts
        first = self.num_frames
        self.num_frames += self._num_failed
        self._damage.lost.extend(range(first, self.num_frames))
        self._num_failed = 0
        index = self.num_frames
        self.num_frames += 1
        return index, heapq.heappop(self._pending) if self._pending else None

    def num_awaited(self) -> int:
        """Return how many chunks have not been returned."""
        return len(self._pending)

    def num_lost_at_end(self) -> int:
        """Return how many packets were rejected since the last frame."""
        return self._num_failed


class Clock:
    """Conversion of time stamps to seconds on the clock of the container.

    A frame without a time stamp, or with a time stamp not after its predecessor's, is
    placed one average frame after it and recorded as damage.
    """

    def __init__(
        self,
        damage: Damage,
        *,
        time_base_s: float,
        start: int | None,
        start_s: float = 0.0,
        frame_s: float,
    ) -> None:
        """Start the clock.

        Args:
            damage: Counts guessed times.
            time_base_s: Length of a unit of time stamps.
            start: Time stamp of the stream's start; None for that of the first frame.
            start_s: Time of `start` in seconds.
            frame_s: Length of an average frame.
        """
        self._damage = damage
        self._start_s = start_s
        self._time_base_s = time_base_s
        self._start = start
        self._frame_s = frame_s
        self._last_s: float | None = None

    def time_s(self, pts: int | None) -> float:
        """Return the time of the next frame; times strictly increase."""
        if pts is not None and self._start is None:
            self._start = pts
        stamped = None
        if pts is not None and self._start is not None:
            stamped = (pts - self._start) * self._time_base_s + self._start_s
        if stamped is None or (self._last_s is not None and stamped <= self._last_s):
            self._damage.guessed_times += 1
            stamped = (
                self._start_s if self._last_s is None else self._last_s + self._frame_s
            )
        self._last_s = stamped
        return stamped
