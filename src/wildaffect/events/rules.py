"""Rules by which columns of a result table become events.

A rule holds no state; `start` returns what watches one track. Symbols: R rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.events import EventKind
from wildaffect.events.intervals import (
    TIME_TOLERANCE_S,
    Floats,
    Interval,
    IntervalBuilder,
)
from wildaffect.events.movements import SwingBuilder

Columns = Mapping[str, Floats]
"""Columns of rows of one track, NaN for empty cells; booleans are 1 and 0."""


class Watcher(Protocol):
    """Rows of one track in; intervals of one label out."""

    def add(self, times_s: Floats, stops_s: Floats, columns: Columns) -> Iterator[Interval]:
        """Add rows and yield the intervals that they complete."""
        ...

    def close(self) -> Iterator[Interval]:
        """Yield the interval that is still open at the end of the track."""
        ...


class Rule(Protocol):
    """One label of events."""

    @property
    def kind(self) -> EventKind:
        """Kind of the events."""
        ...

    @property
    def label(self) -> str:
        """Label of the events."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are read."""
        ...

    def accepts(self, duration_s: float) -> bool:
        """Return whether an interval of this duration is an event."""
        ...

    def start(self) -> Watcher:
        """Return a watcher for a new track."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRule:
    """Event while a column has a state, such as an eye that is closed.

    The state begins where `begins` is at least `onset` and ends where `holds` falls below
    `offset`; it is unknown, and so not there, where either is empty.
    """

    kind: EventKind
    label: str
    begins: str
    """Column that begins the event."""
    onset: float
    holds: str
    """Column that keeps it going."""
    offset: float
    signals: tuple[str, ...]
    """Columns whose mean is the signal of the event."""
    merge_gap_s: float
    min_duration_s: float
    max_duration_s: float | None = None
    merges_unknown: bool = False
    """True to merge over rows of unknown state alone, such as the gaze of closed eyes."""
    negated: bool = False
    """True to read `begins` and `holds` as 1 minus their value."""

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are read."""
        return tuple(dict.fromkeys((self.begins, self.holds, *self.signals)))

    def accepts(self, duration_s: float) -> bool:
        """Return whether an interval of this duration is an event."""
        is_long = duration_s >= self.min_duration_s - TIME_TOLERANCE_S
        limit_s = self.max_duration_s
        return is_long and (limit_s is None or duration_s <= limit_s + TIME_TOLERANCE_S)

    def start(self) -> Watcher:
        """Return a watcher for a new track."""
        return _StateWatcher(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwingRule:
    """Event while the head swings about one axis."""

    kind: EventKind
    label: str
    axis: str
    """Column of the angle in degrees."""
    other_axis: str
    """Column of the angle that must move less."""
    min_deg: float
    min_swings: int

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are read."""
        return self.axis, self.other_axis

    def accepts(self, duration_s: float) -> bool:
        """Return whether an interval of this duration is an event."""
        return duration_s > 0

    def start(self) -> Watcher:
        """Return a watcher for a new track."""
        return _SwingWatcher(self)


class _StateWatcher:
    def __init__(self, rule: StateRule) -> None:
        self._rule = rule
        self._is_on = False
        self._builder = IntervalBuilder(rule.merge_gap_s)

    def add(self, times_s: Floats, stops_s: Floats, columns: Columns) -> Iterator[Interval]:
        rule = self._rule
        begins, holds = columns[rule.begins], columns[rule.holds]
        if rule.negated:
            begins, holds = 1 - begins, 1 - holds
        on = begins >= rule.onset
        off = ~on & ~((holds >= rule.offset) & ~np.isnan(begins))
        state = _latched(on, off, self._is_on)
        self._is_on = bool(state[-1])
        splits = off & ~np.isnan(begins) if rule.merges_unknown else np.zeros_like(off)
        signal = np.mean([columns[name] for name in rule.signals], axis=0)
        yield from self._builder.add(times_s, stops_s, state, splits, signal)

    def close(self) -> Iterator[Interval]:
        yield from self._builder.close()


class _SwingWatcher:
    def __init__(self, rule: SwingRule) -> None:
        self._rule = rule
        self._builder = SwingBuilder(rule.min_deg, rule.min_swings)

    def add(self, times_s: Floats, stops_s: Floats, columns: Columns) -> Iterator[Interval]:
        del stops_s
        axis, other = columns[self._rule.axis], columns[self._rule.other_axis]
        return self._builder.add(times_s, axis, other)

    def close(self) -> Iterator[Interval]:
        return self._builder.close()


def _latched(
    on: NDArray[np.bool_], off: NDArray[np.bool_], is_on: bool
) -> NDArray[np.bool_]:
    """Return the state after each row: that of the last row that decides it."""
    decides = np.where(on | off, np.arange(len(on)), -1)
    last = np.maximum.accumulate(decides)
    return np.where(last >= 0, on[last], is_on)
