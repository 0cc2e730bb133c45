"""Which number and time a decoded frame has, also where packets were lost on the way.

Time stamps (pts, dts) are integers in units of the stream's time base.
"""

import heapq
from typing import Protocol

from wildaffect.video.picture import Damage


class Timeline(Protocol):
    """Numbers frames in the order of presentation."""

    @property
    def num_frames(self) -> int:
        """Frames so far, lost ones included."""

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Note a packet on its way to the decoder."""

    def failed(self, dts: int | None) -> None:
        """Note that the decoder refused a packet."""

    def suspect(self) -> None:
        """Note that the decoder had to repair a frame and may have left out others."""

    def place(self, pts: int | None) -> tuple[int, int | None] | None:
        """Return the number of a decoded frame and its time stamp, if it has one.

        None if the frame comes after later ones; it is then counted as lost already.
        """

    @property
    def num_passed_over(self) -> int:
        """Packets so far that were due before a frame and gave none, for any reason."""

    def num_awaited(self) -> int:
        """Return how many packets have not become a frame."""

    def num_lost_at_end(self) -> int:
        """Return how many frames of a damaged stream are missing after the last one."""


class StampedTimeline:
    """Timeline of containers whose packets carry presentation times.

    A frame's number is counted. After a decoder error, time stamps that went in and never
    came out are counted as lost frames, so that later frames keep their numbers. Packets
    that give no frame and no error (pictures before the first key frame of a cut stream,
    invisible reference pictures) are not frames of the video.
    """

    def __init__(self, damage: Damage) -> None:
        self.num_frames = 0
        self.num_passed_over = 0
        self._damage = damage
        self._pending: list[int] = []
        self._damaged = False
        self._lost_pts: set[int] = set()

    def sent(self, pts: int | None, dts: int | None) -> None:
        """Remember when the packet will be shown."""
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
        """Return how many time stamps have not come out."""
        return len(self._pending)

    def num_lost_at_end(self) -> int:
        """Return the same, if the decoder has complained."""
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
        """Remember the chunk's number."""
        del pts
        if dts is not None:
            heapq.heappush(self._pending, dts)

    def failed(self, dts: int | None) -> None:
        """Forget the chunk and count its frame as lost before the next one."""
        self._num_failed += 1
        if dts in self._pending:
            self._pending.remove(dts)
            heapq.heapify(self._pending)

    def suspect(self) -> None:
        """Do nothing: without time stamps only a refused packet can be counted."""

    def place(self, pts: int | None) -> tuple[int, int | None]:
        """Return the next number and the smallest chunk number that is left."""
        del pts
        first = self.num_frames
        self.num_frames += self._num_failed
        self._damage.lost.extend(range(first, self.num_frames))
        self._num_failed = 0
        index = self.num_frames
        self.num_frames += 1
        return index, heapq.heappop(self._pending) if self._pending else None

    def num_awaited(self) -> int:
        """Return how many chunks have not come out."""
        return len(self._pending)

    def num_lost_at_end(self) -> int:
        """Return how many packets were refused since the last frame."""
        return self._num_failed


class Clock:
    """Time stamps to seconds on the clock of the whole container.

    A frame without a time stamp, or with one that does not lie after its predecessor's, is
    placed one average frame after it and noted as damage.
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
            start: Time stamp of the stream's first frame; that of the first one if None.
            start_s: The time that `start` stands for.
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
