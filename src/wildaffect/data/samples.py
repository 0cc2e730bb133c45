"""Windows sampled from sequences. Symbols: L rows of one window, D columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.causal import left_padding_s
from wildaffect.core.columns import TaskColumns, empty_columns
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import FrameSequence, Index
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.core.windows import (
    TIME_TOLERANCE_S,
    LeftPaddedWindow,
    WindowSpec,
    longest_gap_s,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window: only rows with features, without padding."""

    video: str
    rows: Index
    """Rows of the sequence, shape (L,)."""
    features: NDArray[np.float32]
    """Shape (L, D)."""
    time_s: NDArray[np.float64]
    """Shape (L,)."""
    targets: TaskColumns
    clip_level: bool = False
    """True if the targets are of the video as a whole."""

    def __len__(self) -> int:
        return len(self.rows)


class WindowSampler:
    """Samples windows at random; without weights, every row with features is as likely.

    A row is sampled, then its position in the window. If the run is long enough, a window
    begins early enough to have its full length before the run's end; it never spans a gap
    above `spec.max_gap_s`.

    Args:
        sequences: Sequences to sample from.
        spec: Window to cut.
        weights: Probability of each row with features, of all sequences in order.

    Raises:
        FeatureError: If no sequence has a row with features.
    """

    def __init__(
        self,
        sequences: Sequence[FrameSequence],
        spec: WindowSpec,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._sequences, self._spec = sequences, spec
        self._rows = [sequence.computed_rows for sequence in sequences]
        self._ends = np.cumsum([len(rows) for rows in self._rows])
        if not len(self._ends) or not self._ends[-1]:
            raise FeatureError("samples: at least one frame must have features, got none")
        self._shares = None if weights is None else np.cumsum(weights / weights.sum())

    def draw(self, num_samples: int, rng: np.random.Generator) -> Iterator[Sample]:
        """Yield windows, determined by the state of `rng` alone."""
        for _ in range(num_samples):
            drawn = self._row(rng)
            which = int(np.searchsorted(self._ends, drawn, side="right"))
            rows = self._rows[which]
            row = drawn - int(self._ends[which] - len(rows))
            times_s = self._sequences[which].time_s[rows]
            window = _window_around(times_s, row, self._spec, rng)
            yield _sample(self._sequences[which], rows[window])

    def _row(self, rng: np.random.Generator) -> int:
        if self._shares is None:
            return int(rng.integers(self._ends[-1]))
        found = np.searchsorted(self._shares, rng.uniform(), side="right")
        return int(min(found, self._ends[-1] - 1))  # rounding of the last share


def pad_left(sample: Sample, spec: LeftPaddedWindow) -> Sample:
    """Return a window left-padded with its first row, without labels in the padding."""
    lead_s = left_padding_s(float(sample.time_s[0]), spec)
    picks = np.concatenate([np.zeros(len(lead_s), np.int64), np.arange(len(sample))])
    targets = sample.targets.take_columns(picks)
    for task in Task:
        targets[task].valid[: len(lead_s)] = False
    if targets.expression_shares is not None:
        targets.expression_shares.valid[: len(lead_s)] = False
    return Sample(
        video=sample.video,
        rows=sample.rows[picks],
        features=sample.features[picks],
        time_s=np.concatenate([lead_s, sample.time_s]),
        targets=targets,
        clip_level=sample.clip_level,
    )


def without_labels(sample: Sample, spaces: LabelSpaces) -> Sample:
    """Return a window of which nothing is labeled, with columns of these label spaces."""
    targets = empty_columns(len(sample), spaces)
    return replace(sample, targets=targets, clip_level=False)


def _window_around(
    times_s: NDArray[np.float64], row: int, spec: WindowSpec, rng: np.random.Generator
) -> slice:
    breaks = np.flatnonzero(np.diff(times_s) > longest_gap_s(spec)) + 1
    position = int(np.searchsorted(breaks, row, side="right"))
    first = int(breaks[position - 1]) if position else 0
    stop = int(breaks[position]) if position < len(breaks) else len(times_s)
    before_s = spec.length_s - TIME_TOLERANCE_S  # the end of a window is not in it
    start_s = times_s[row] - rng.uniform() * before_s
    start_s = max(min(start_s, times_s[stop - 1] - before_s), times_s[first])
    low, high = np.searchsorted(times_s[first:stop], [start_s, start_s + spec.length_s])
    return slice(first + int(low), first + max(int(high), int(low) + 1))


def _sample(sequence: FrameSequence, rows: Index) -> Sample:
    return Sample(
        video=sequence.video,
        rows=rows,
        features=sequence.features[rows].astype(np.float32, copy=False),
        time_s=sequence.time_s[rows],
        targets=sequence.targets.take_columns(rows),
        clip_level=sequence.clip_level,
    )
