"""Sequences of annotated frames from the feature store, joined by time.

Symbols: F rows of a feature set in one video, T frames, D columns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import FeatureError
from wildaffect.core.feature_rows import (
    AbsentFeatures,
    ClipFeatures,
    FrameFeatures,
    JoinedSet,
    TimedFeatures,
)
from wildaffect.core.joins import EarlierFirst, JoinRule, Nearest
from wildaffect.core.sequences import FrameSequence, build_sequences
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.features.stored import StoredFeatures

View = Callable[[StoredFeatures], NDArray[np.floating]]
"""Function from a stored track to model inputs, shape (F, D)."""


def whole_rows(track: StoredFeatures) -> NDArray[np.floating]:
    """Return the rows of a track as they are stored: the identity view."""
    return track.read()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureQuery:
    """Feature sets of a row, and how they join the annotated frames."""

    feature_sets: tuple[str, ...]
    """Feature sets, concatenated in this order."""
    first_frame: Literal[0, 1] = 1
    """Number of a video's first frame in the data set (1 in Aff-Wild2). It applies to
    features of videos; those of image folders have the data set's own numbers."""
    max_distance_s: float = 0.5
    """Maximum distance from a frame to the row that it uses, of sets without a rule: the
    nearest earlier row, else the nearest later one. Of sets with fewer rows than two in
    this time it is the nearest row, up to half of their period away if that is longer. Rows
    of clips have their own rule (`ClipSampling.join_rule`)."""
    joins: Mapping[str, JoinRule] = field(default_factory=dict)
    """Rule by which a feature set joins the frames."""
    absent: Mapping[str, int] = field(default_factory=dict)
    """Feature sets to leave out, with their numbers of columns: absent in every row."""
    needs_all: bool = False
    """Skip videos that lack a feature set entirely."""


def load_sequences(
    annotations: Annotations,
    store: FeatureStore,
    query: FeatureQuery,
    view: View = whole_rows,
) -> Iterator[FrameSequence]:
    """Yield the sequences of all videos that a feature set has, in order.

    One video is in memory at a time. Videos without features are skipped; callers that need
    all videos compare names. In a video that lacks a feature set, the set is absent, unless
    the query needs all.

    Raises:
        FeatureError: If a feature set is not in the store or has none of the videos, has
            other columns in some of them, or has times while those of the frames are not
            known.
    """
    stored = {
        feature_set: {name.video for name in store.entries(feature_set)}
        for feature_set in query.feature_sets
        if feature_set not in query.absent
    }
    for feature_set, videos in stored.items():
        if not videos.intersection(annotations.videos):
            raise FeatureError(
                f"{store.root}: at least one video of {annotations.source} must have "
                f"{feature_set}, got none of {len(annotations.videos)}"
            )

    @cache
    def width_of(feature_set: str) -> int:
        if feature_set in query.absent:
            return query.absent[feature_set]
        name = next(iter(store.entries(feature_set)))
        return view(store.open(name)).shape[1]

    enough = all if query.needs_all else any
    seen: dict[str, StoredFeatures] = {}

    def features_of(video: str) -> list[JoinedSet] | None:
        if not enough(video in videos for videos in stored.values()):
            return None
        return [
            _joined(_tracks(store, feature_set, video, seen), query, view)
            if video in stored.get(feature_set, ())
            else JoinedSet(
                AbsentFeatures(width=width_of(feature_set)),
                EarlierFirst(max_distance_s=0.0),
            )
            for feature_set in query.feature_sets
        ]

    return build_sequences(annotations, features_of)


def read_set(
    store: FeatureStore,
    feature_set: str,
    video: str,
    query: FeatureQuery,
    view: View = whole_rows,
) -> JoinedSet:
    """Return one feature set of one video, with its rule.

    If a video has several tracks (the person was lost, or another person passed by), each
    frame uses the longest track that it is in.
    """
    return _joined(_tracks(store, feature_set, video, {}), query, view)


def _tracks(
    store: FeatureStore, feature_set: str, video: str, seen: dict[str, StoredFeatures]
) -> list[StoredFeatures]:
    """Return the tracks of a video, the longest first.

    Args:
        store: Feature store.
        feature_set: Name of the feature set.
        video: Name of the video.
        seen: First track of each feature set so far, whose columns all others must have.
    """
    tracks = [
        store.open(EntryName(feature_set, video, track))
        for track in store.tracks(feature_set, video)
    ]
    for track in tracks:
        first = seen.setdefault(feature_set, track)
        if track.sidecar.columns != first.sidecar.columns:
            raise FeatureError(
                f"{store.root}: {feature_set} must have the same columns in every video, "
                f"got {_named(track)} and {_named(first)}; extract or import all alike"
            )
    return sorted(tracks, key=len, reverse=True)


def _named(track: StoredFeatures) -> str:
    columns = track.sidecar.columns
    some = ", ".join(columns[:3]) + (", ..." if len(columns) > 3 else "")
    return f"{len(columns)} of {track.sidecar.video} ({some})"


def _joined(tracks: Sequence[StoredFeatures], query: FeatureQuery, view: View) -> JoinedSet:
    """Return the tracks of one video with the rule of their feature set."""
    feature_set, video = tracks[0].sidecar.feature_set, tracks[0].sidecar.video
    rule = query.joins.get(feature_set)
    match tracks[0].sidecar.numbering:
        case "clip":
            features = ClipFeatures(values=view(tracks[0]))
            return JoinedSet(features, rule or EarlierFirst(max_distance_s=0.0))
        case "moments":
            timed = _moments(f"{feature_set} of {video}", tracks, view)
            return JoinedSet(timed, rule or _default(timed.time_s, query))
        case _:
            frames, clips = _frames(tracks, query, view), tracks[0].sidecar.clips
            if rule is None and clips is not None:
                rule = clips.join_rule()
            return JoinedSet(frames, rule or _default(frames.times(None), query))


def _default(found_s: NDArray[np.float64], query: FeatureQuery) -> JoinRule:
    """Return the rule of a set that has none.

    A frame whose face was lost holds the last row; slow features serve all frames around.
    """
    period_s = float(np.median(np.diff(found_s))) if len(found_s) > 1 else 0.0
    if period_s <= query.max_distance_s / 2:
        return EarlierFirst(max_distance_s=query.max_distance_s)
    return Nearest(max_distance_s=max(query.max_distance_s, period_s / 2))


def _frames(
    tracks: Sequence[StoredFeatures], query: FeatureQuery, view: View
) -> FrameFeatures:
    if tracks[0].sidecar.clips is not None:
        return _clips(tracks, query, view)
    numbers = np.concatenate([_numbers(track, query) for track in tracks])
    unique, first = np.unique(numbers, return_index=True)  # the first is of the longest
    guessed = any(track.sidecar.time_is_guessed for track in tracks)
    times_s = np.concatenate([track.time_s for track in tracks])
    return FrameFeatures(
        frame_number=unique,
        time_s=None if guessed else times_s[first],
        values=np.concatenate([view(track) for track in tracks])[first],
    )


def _clips(
    tracks: Sequence[StoredFeatures], query: FeatureQuery, view: View
) -> FrameFeatures:
    """Return the rows of clips; while the longest track lasts, no other one counts."""
    longest, *others = tracks
    numbers, times_s, values = [_numbers(longest, query)], [longest.time_s], [view(longest)]
    spans = [numbers[0][[0, -1]]] if len(longest) else []
    for track in others:
        found = _numbers(track, query)
        free = np.ones(len(found), np.bool_)
        for start, last in spans:
            free &= (found < start) | (found > last)
        spans += [found[[0, -1]]] if len(found) else []
        numbers.append(found[free])
        times_s.append(track.time_s[free])
        values.append(view(track)[free])
    order = np.argsort(np.concatenate(numbers))
    guessed = any(track.sidecar.time_is_guessed for track in tracks)
    return FrameFeatures(
        frame_number=np.concatenate(numbers)[order],
        time_s=None if guessed else np.concatenate(times_s)[order],
        values=np.concatenate(values)[order],
    )


def _moments(name: str, tracks: Sequence[StoredFeatures], view: View) -> TimedFeatures:
    times_s = np.concatenate([track.time_s for track in tracks])
    unique_s, first = np.unique(times_s, return_index=True)
    values = np.concatenate([view(track) for track in tracks])[first]
    return TimedFeatures(name=name, time_s=unique_s, values=values)


def _numbers(stored: StoredFeatures, query: FeatureQuery) -> NDArray[np.int64]:
    from_video = stored.sidecar.numbering == "video"
    return stored.frame_number + (query.first_frame if from_video else 0)
