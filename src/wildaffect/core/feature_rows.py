"""Features of one video, and their join with its annotated frames by time.

Symbols: F rows of features, T annotated frames, D columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import FeatureError
from wildaffect.core.joins import JoinRule

Floats = NDArray[np.floating]
Index = NDArray[np.int64]

ASSUMED_FPS = 30.0
"""Frame rate to convert frame numbers to times if the video's rate is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFeatures:
    """Features of frames, with frame numbers as the annotations count."""

    frame_number: Index
    """Strictly ascending, shape (F,)."""
    time_s: NDArray[np.float64] | None
    """Times from the video's clock, shape (F,); None where it is not known."""
    values: Floats
    """Shape (F, D)."""

    def times(self, clock: "FrameFeatures | None") -> NDArray[np.float64]:
        """Return the time of each row, shape (F,)."""
        if self.time_s is not None:
            return self.time_s
        return times_of(self.frame_number, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedFeatures:
    """Features of moments between frames, such as those of sound."""

    name: str
    """Name of the feature set and video in messages."""
    time_s: NDArray[np.float64]
    """Strictly ascending, shape (F,)."""
    values: Floats
    """Shape (F, D)."""

    def times(self, clock: FrameFeatures | None) -> NDArray[np.float64]:
        """Return the time of each row, shape (F,).

        Raises:
            FeatureError: If the times of the frames are not known.
        """
        if clock is None or clock.time_s is None:
            raise FeatureError(
                f"{self.name}: rows have times, but no feature set tells the times of the "
                "frames; extract features from the video instead of its images, or import "
                "these rows with their frame numbers"
            )
        return self.time_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFeatures:
    """One row of features that holds for the whole video."""

    values: Floats
    """Shape (1, D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentFeatures:
    """Features that the video does not have."""

    width: int
    """Number of columns, D."""


class JoinedSet(NamedTuple):
    """Features of one set in one video, and the rule by which they join the frames."""

    features: FrameFeatures | TimedFeatures | ClipFeatures | AbsentFeatures
    rule: JoinRule


class Joined(NamedTuple):
    """Annotated frames of a video with the features of all sets."""

    time_s: NDArray[np.float64]
    """Shape (T,)."""
    time_is_guessed: bool
    """True where times are derived from frame numbers at `ASSUMED_FPS`."""
    values: Floats
    """Shape (T, D); NaN where a set does not reach a frame, zero where none does."""
    has_feature: NDArray[np.bool_]
    """True where at least one set reaches the frame, shape (T,)."""
    set_widths: tuple[int, ...]
    """Number of columns of each set."""


def join_sets(frame_number: Index, sets: Sequence[JoinedSet]) -> Joined:
    """Return the values of each set at these frames of a video.

    Times of the frames come from the set of frames with known times that has the most rows.

    Args:
        frame_number: Frames, strictly ascending, shape (T,).
        sets: At least one set.

    Raises:
        FeatureError: If a set has times, but those of the frames are not known.
    """
    clock = _clock(sets)
    time_s = times_of(frame_number, clock)
    if clock is None:  # the face was never seen: moments have no place among the frames
        sets = [_unplaced(each) if _has_frames(sets) else each for each in sets]
    parts = [_values_at(time_s, clock, each) for each in sets]
    is_present = np.stack([~np.isnan(part).any(axis=1) for part in parts])
    for part, present in zip(parts, is_present, strict=True):
        part[~present] = np.nan
    values = parts[0] if len(parts) == 1 else np.concatenate(parts, 1, dtype=np.float32)
    has_feature: NDArray[np.bool_] = np.logical_or.reduce(is_present)
    values[~has_feature] = 0
    return Joined(
        time_s=time_s,
        time_is_guessed=clock is None or clock.time_s is None,
        values=values,
        has_feature=has_feature,
        set_widths=tuple(part.shape[1] for part in parts),
    )


def frames_of(sets: Sequence[JoinedSet]) -> Index:
    """Return the frames that any set has features of, strictly ascending.

    Features of the whole video without any frame are those of one frame, number 0.
    """
    frames = [
        each.features.frame_number
        for each in sets
        if isinstance(each.features, FrameFeatures)
    ]
    found = np.unique(np.concatenate([np.zeros(0, np.int64), *frames]))
    of_video = any(isinstance(each.features, ClipFeatures) for each in sets)
    return np.zeros(1, np.int64) if of_video and not len(found) else found


def times_of(frame_number: Index, clock: FrameFeatures | None) -> NDArray[np.float64]:
    """Return the time of each frame, shape as `frame_number`.

    Between frames with known times, times are interpolated linearly; before the first and
    after the last at the video's average rate. Without times, frame 0 is at 0 s and the
    rate is `ASSUMED_FPS`.
    """
    if clock is None or clock.time_s is None:
        return frame_number / ASSUMED_FPS
    known, known_s = clock.frame_number, clock.time_s
    span = int(known[-1] - known[0])
    frame_s = float(known_s[-1] - known_s[0]) / span if span else 1.0 / ASSUMED_FPS
    time_s = np.interp(frame_number, known, known_s)
    return time_s + frame_s * (frame_number - np.clip(frame_number, known[0], known[-1]))


def _clock(sets: Sequence[JoinedSet]) -> FrameFeatures | None:
    """Return the features whose times are those of the frames, None without any row."""
    frames = [
        each.features
        for each in sets
        if isinstance(each.features, FrameFeatures) and len(each.features.frame_number)
    ]
    return max(
        frames,
        key=lambda each: (each.time_s is not None, len(each.frame_number)),
        default=None,
    )


def _has_frames(sets: Sequence[JoinedSet]) -> bool:
    return any(isinstance(each.features, FrameFeatures | AbsentFeatures) for each in sets)


def _unplaced(joined: JoinedSet) -> JoinedSet:
    """Return a set of moments as absent, others unchanged."""
    if not isinstance(joined.features, TimedFeatures):
        return joined
    return joined._replace(features=AbsentFeatures(width=joined.features.values.shape[1]))


def _values_at(
    time_s: NDArray[np.float64], clock: FrameFeatures | None, joined: JoinedSet
) -> Floats:
    """Return the values of one set at the times of frames, NaN for none."""
    features = joined.features
    if isinstance(features, AbsentFeatures):
        return np.full((len(time_s), features.width), np.nan, np.float32)
    if isinstance(features, ClipFeatures):
        return np.repeat(features.values, len(time_s), axis=0)
    if not len(features.values):
        return np.full((len(time_s), features.values.shape[1]), np.nan, np.float32)
    return joined.rule.join(features.times(clock), features.values, time_s)
