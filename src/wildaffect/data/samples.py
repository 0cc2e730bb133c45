"""Sequences from the feature store, and windows sampled from them.

Symbols: L rows of one window, D columns, K action units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.causal import left_padding_s
from wildaffect.core.columns import TaskColumns
from wildaffect.core.errors import FeatureError
from wildaffect.core.sequences import (
    FrameFeatures,
    FrameSequence,
    Index,
    build_sequences,
    times_of,
)
from wildaffect.core.tasks import Task
from wildaffect.core.windows import (
    TIME_TOLERANCE_S,
    LeftPaddedWindow,
    WindowSpec,
    longest_gap_s,
)
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.features.stored import StoredFeatures

View = Callable[[StoredFeatures], NDArray[np.floating]]
"""Function from a stored track to model inputs, shape (T, D)."""


def whole_rows(track: StoredFeatures) -> NDArray[np.floating]:
    """Return the rows of a track as they are stored: the identity view."""
    return track.read()


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

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureQuery:
    """Feature sets of a row, and their matching with the annotations."""

    feature_sets: tuple[str, ...]
    """Feature sets, concatenated in this order, joined by time."""
    first_frame: Literal[0, 1] = 1
    """Number of a video's first frame in the data set (1 in Aff-Wild2). It applies to
    features of videos; those of image folders have the data set's own numbers."""
    max_distance_s: float = 0.5
    """Maximum distance from a frame without features to one whose features it uses; of
    sets with fewer rows, half of their period if that is longer."""


def load_sequences(
    annotations: Annotations,
    store: FeatureStore,
    query: FeatureQuery,
    view: View = whole_rows,
) -> Iterator[FrameSequence]:
    """Yield the sequences of all videos that every feature set has, in order.

    One video is in memory at a time. Videos without features are skipped; callers that need
    all videos compare names.

    Raises:
        FeatureError: If a feature set is not in the store or has none of the videos.
    """
    stored = [
        {name.video for name in store.entries(feature_set)}
        for feature_set in query.feature_sets
    ]
    found = set(annotations.videos).intersection(*stored)
    if not found:
        raise FeatureError(
            f"{store.root}: at least one video of {annotations.source} must have "
            f"{', '.join(query.feature_sets)}, got none of {len(annotations.videos)}"
        )

    def features_of(video: str) -> FrameFeatures | None:
        return read_features(store, video, query, view) if video in found else None

    return build_sequences(annotations, features_of, max_distance_s=query.max_distance_s)


def read_features(
    store: FeatureStore, video: str, query: FeatureQuery, view: View = whole_rows
) -> FrameFeatures:
    """Return the features of one video, joined by time.

    The rows are the frames of any set. Each set gives its own row of a frame, else the
    nearest in time, at most `max_distance_s` or half of its own period away: features of
    sound, every 0.96 s, serve all frames around them. Frames that a set does not reach are
    left out.

    If a video has several tracks (the person was lost, or another person passed by), each
    frame uses the longest track that it is in.
    """
    parts = [_longest_first(store, name, video, query, view) for name in query.feature_sets]
    frames = reduce(np.union1d, [part.frame_number for part in parts])
    clock = max(parts, key=lambda part: -1 if part.time_s is None else len(part.time_s))
    time_s = times_of(frames, clock)
    rows = [_rows_at(frames, time_s, part, clock, query) for part in parts]
    reached = np.all([row >= 0 for row in rows], axis=0)
    values = [part.values[row[reached]] for part, row in zip(parts, rows, strict=True)]
    return FrameFeatures(
        frame_number=frames[reached],
        time_s=None if clock.time_s is None else time_s[reached],
        values=np.concatenate(values, axis=1, dtype=np.float32),
    )


def _rows_at(
    frames: Index,
    time_s: NDArray[np.float64],
    part: FrameFeatures,
    clock: FrameFeatures,
    query: FeatureQuery,
) -> Index:
    """Return the row of a set for each frame, -1 for none."""
    if not len(part.frame_number):
        return np.full(len(frames), -1)
    # A set without times is on the clock of the other; without any, all count frames.
    own_s = times_of(part.frame_number, clock) if part.time_s is None else part.time_s
    period_s = float(np.median(np.diff(own_s))) if len(own_s) > 1 else 0.0
    limit_s = max(query.max_distance_s, period_s / 2 + TIME_TOLERANCE_S)
    after = np.searchsorted(own_s, time_s).clip(max=len(own_s) - 1)
    before = np.maximum(after - 1, 0)
    is_before = np.abs(time_s - own_s[before]) <= np.abs(own_s[after] - time_s)
    nearest = np.where(is_before, before, after)
    nearest[np.abs(own_s[nearest] - time_s) > limit_s] = -1
    own = np.searchsorted(part.frame_number, frames).clip(max=len(own_s) - 1)
    return np.where(part.frame_number[own] == frames, own, nearest)


def _longest_first(
    store: FeatureStore, feature_set: str, video: str, query: FeatureQuery, view: View
) -> FrameFeatures:
    tracks = [
        store.open(EntryName(feature_set, video, track))
        for track in store.tracks(feature_set, video)
    ]
    tracks.sort(key=len, reverse=True)
    numbers = np.concatenate([_numbers(track, query) for track in tracks])
    values = np.concatenate([view(track) for track in tracks])
    times_s = np.concatenate([track.time_s for track in tracks])
    unique, first = np.unique(numbers, return_index=True)  # the first is of the longest
    guessed = any(track.sidecar.time_is_guessed for track in tracks)
    return FrameFeatures(
        frame_number=unique,
        time_s=None if guessed else times_s[first],
        values=values[first],
    )


def _numbers(stored: StoredFeatures, query: FeatureQuery) -> Index:
    from_video = stored.sidecar.numbering == "video"
    return stored.frame_number + (query.first_frame if from_video else 0)


class WindowSampler:
    """Samples windows at random; every row with features has the same probability.

    A row is sampled, then its position in the window. If the run is long enough, a window
    begins early enough to have its full length before the run's end; it never spans a gap
    above `spec.max_gap_s`.

    Raises:
        FeatureError: If no sequence has a row with features.
    """

    def __init__(self, sequences: Sequence[FrameSequence], spec: WindowSpec) -> None:
        self._sequences, self._spec = sequences, spec
        self._rows = [sequence.computed_rows for sequence in sequences]
        self._ends = np.cumsum([len(rows) for rows in self._rows])
        if not len(self._ends) or not self._ends[-1]:
            raise FeatureError("samples: at least one frame must have features, got none")

    def draw(self, num_samples: int, rng: np.random.Generator) -> Iterator[Sample]:
        """Yield windows, determined by the state of `rng` alone."""
        for _ in range(num_samples):
            drawn = int(rng.integers(self._ends[-1]))
            which = int(np.searchsorted(self._ends, drawn, side="right"))
            rows = self._rows[which]
            row = drawn - int(self._ends[which] - len(rows))
            times_s = self._sequences[which].time_s[rows]
            window = _window_around(times_s, row, self._spec, rng)
            yield _sample(self._sequences[which], rows[window])


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
    )


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
    )
