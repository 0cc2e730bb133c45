"""Nods and shakes: the head swings to and fro about one axis.

A swing lasts from one turning point to the next. Its size keeps the small movements of
speech out, its duration slow turns.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

from wildaffect.events.intervals import Floats, Interval

MAX_SWING_S = 0.6
"""Maximum duration of a swing, and of the rest that ends the last one."""


@dataclass(frozen=True, slots=True)
class _Point:
    """Angle at a time, and the way in degrees that both axes have gone until then."""

    time_s: float
    angle: float
    path: float = 0.0
    other_path: float = 0.0


class SwingBuilder:
    """Builds the intervals in which the head swings about one axis.

    Args:
        min_deg: Minimum size of a swing.
        min_swings: Minimum number of consecutive swings.
    """

    def __init__(self, min_deg: float, min_swings: int) -> None:
        self._min_deg, self._min_swings = min_deg, min_swings
        self._reset()

    def add(self, times_s: Floats, angles: Floats, others: Floats) -> Iterator[Interval]:
        """Add rows of one track and yield the intervals that they complete.

        Args:
            times_s: Times of the rows, ascending, shape (R,).
            angles: Angle about the axis in degrees, NaN where unknown, shape (R,).
            others: Angle about the other axis, shape (R,).
        """
        rows = zip(times_s.tolist(), angles.tolist(), others.tolist(), strict=True)
        for time_s, angle, other in rows:
            if isnan(angle) or isnan(other):
                yield from self.close()
            else:
                yield from self._push(time_s, angle, other)

    def close(self) -> Iterator[Interval]:
        """Yield the interval that is still open at the end of the track."""
        if self._direction:
            yield from self._turn()
        yield from self._end_chain()
        self._reset()

    def _reset(self) -> None:
        self._path = self._other_path = 0.0
        self._last: tuple[float, float] | None = None
        self._recent: deque[_Point] = deque()
        """Points at rest, from which a swing may start."""
        self._direction = 0
        """Sign of the swing in progress; 0 at rest."""
        self._extreme = _Point(0.0, 0.0)
        """Furthest point of the swing in progress."""
        self._turns: list[_Point] = []
        """Turning points of consecutive swings."""

    def _push(self, time_s: float, angle: float, other: float) -> Iterator[Interval]:
        if self._last is not None:
            self._path += abs(angle - self._last[0])
            self._other_path += abs(other - self._last[1])
        self._last = angle, other
        point = _Point(time_s, angle, self._path, self._other_path)
        if not self._direction:
            self._start(point)
        elif (angle - self._extreme.angle) * self._direction > 0:
            self._extreme = point
        elif abs(angle - self._extreme.angle) >= self._min_deg:
            yield from self._turn()
            self._direction, self._extreme = -self._direction, point
        elif time_s - self._extreme.time_s > MAX_SWING_S:
            yield from self._turn()
            yield from self._end_chain()
            self._direction = 0
            self._recent.append(point)

    def _start(self, point: _Point) -> None:
        """Start a swing if the head is far enough from where it was a moment ago."""
        while self._recent and point.time_s - self._recent[0].time_s > MAX_SWING_S:
            self._recent.popleft()
        for earlier in reversed(self._recent):
            if abs(point.angle - earlier.angle) >= self._min_deg:
                self._turns = [earlier]
                self._direction = 1 if point.angle > earlier.angle else -1
                self._extreme = point
                self._recent.clear()
                return
        self._recent.append(point)

    def _turn(self) -> Iterator[Interval]:
        """End the swing in progress at its extreme."""
        if self._extreme.time_s - self._turns[-1].time_s > MAX_SWING_S:
            yield from self._end_chain()
        self._turns.append(self._extreme)

    def _end_chain(self) -> Iterator[Interval]:
        turns, self._turns = self._turns, []
        if len(turns) <= self._min_swings:
            return
        first, last = turns[0], turns[-1]
        if last.path - first.path <= last.other_path - first.other_path:
            return
        sizes = [abs(b.angle - a.angle) for a, b in pairwise(turns)]
        peak = max(sizes)
        yield Interval(
            onset_s=first.time_s,
            offset_s=last.time_s,
            apex_s=turns[sizes.index(peak) + 1].time_s,
            peak=peak,
            total=sum(sizes),
            count=len(sizes),
        )
