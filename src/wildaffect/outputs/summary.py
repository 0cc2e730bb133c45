"""Summary of a run, collected from the stream of rows: totals and tracks."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces

MAX_TRACKS = 10_000
"""Number of tracks to keep; beyond twice as many, the shortest ended tracks are dropped and
only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A label and its share of the scored frames."""

    label: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSummary:
    """One person in one shot."""

    track_id: int
    start_s: float
    stop_s: float
    """Time of the last frame."""
    num_frames: int
    num_scored: int
    """Frames with predictions."""
    valence: float | None
    """Mean; None if not predicted."""
    arousal: float | None
    expressions: tuple[Share, ...]
    """Shares in descending order; "unclear" where the margin over the next is small."""
    action_units: tuple[Share, ...]
    """Share of scored frames in which each is present, descending, without zeros."""
    image: str | None = None
    """Name of the photograph, if the source is a set of photographs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """Totals of one or several files."""

    num_files: int
    num_frames: int
    num_faces: int
    """Number of rows with a face."""
    num_tracks: int
    video_s: float
    """Time from the first to the last frame of each file; photographs have none."""
    wall_s: float
    num_no_face: int
    """Number of frames without a face."""
    num_low_quality: int
    """Number of rows with a face of low quality."""
    num_interpolated: int
    num_images: int = 0
    """Frames that are photographs."""

    @property
    def frames_per_s(self) -> float:
        """Frames analyzed per second of running time; 0 if that is not known."""
        return self.num_frames / self.wall_s if self.wall_s > 0 else 0.0

    @property
    def no_face_share(self) -> float:
        """Share of frames without a face."""
        return self.num_no_face / max(self.num_frames, 1)

    @property
    def low_quality_share(self) -> float:
        """Return the share of faces of low quality."""
        return self.num_low_quality / max(self.num_faces, 1)


@dataclass(slots=True)
class _Track:
    start_s: float
    stop_s: float
    num_action_units: int
    image: str | None
    num_frames: int = 0
    num_scored: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    counts: list[int] = field(default_factory=lambda: [0, 0])
    expressions: Counter[str] = field(default_factory=Counter)
    present: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.present = np.zeros(self.num_action_units, np.int64)


class Summarizer:
    """Collects the summary of one file, in bounded memory."""

    def __init__(self, spaces: LabelSpaces | None = None) -> None:
        self._spaces = spaces or LabelSpaces()
        self._tracks: dict[int, _Track] = {}
        self._statuses: Counter[Status] = Counter()
        self._num_frames = 0
        self._num_images = 0
        self._num_tracks = 0
        self._num_faces_here = 0
        self.most_faces = 0
        """Maximum number of faces in one frame."""
        self._last_frame: int | None = None
        self._start_s = self._stop_s = 0.0

    def observe(self, rows: Iterable[FaceResult]) -> Iterator[FaceResult]:
        """Pass on the rows unchanged, counting them."""
        for row in rows:
            self.add(row)
            yield row

    def add(self, row: FaceResult) -> None:
        """Count one row; rows come in the order of their frames."""
        if self._last_frame is None:
            self._start_s = row.time_s
        if row.frame_index != self._last_frame:
            self._num_frames += 1
            self._num_images += row.image is not None
            self._num_faces_here = 0
            self._last_frame = row.frame_index
        self._stop_s = row.time_s
        self._statuses[row.status] += 1
        if row.face is not None:
            self._num_faces_here += 1
            self.most_faces = max(self.most_faces, self._num_faces_here)
            self._add_face(row, row.face.track_id)

    def run(self, wall_s: float = 0.0) -> RunSummary:
        """Return the totals so far."""
        no_face = self._statuses[Status.NO_FACE]
        return RunSummary(
            num_files=1,
            num_frames=self._num_frames,
            num_faces=self._statuses.total() - no_face,
            num_tracks=self._num_tracks,
            video_s=0.0 if self._num_images else self._stop_s - self._start_s,
            wall_s=wall_s,
            num_no_face=no_face,
            num_low_quality=self._statuses[Status.LOW_QUALITY],
            num_interpolated=self._statuses[Status.INTERPOLATED],
            num_images=self._num_images,
        )

    def tracks(self) -> tuple[TrackSummary, ...]:
        """Return the tracks by their number."""
        return tuple(
            _summary(track_id, track, self._spaces.action_units.labels)
            for track_id, track in sorted(self._tracks.items())
        )

    def _add_face(self, row: FaceResult, track_id: int) -> None:
        track = self._tracks.get(track_id)
        if track is None:
            self._num_tracks += 1
            track = _Track(
                row.time_s, row.time_s, len(self._spaces.action_units), row.image
            )
            self._tracks[track_id] = track
            if len(self._tracks) > 2 * MAX_TRACKS:
                self._forget_short_tracks()
        track.stop_s = row.time_s
        track.num_frames += 1
        affect = row.affect
        if affect is None:
            return
        track.num_scored += 1
        for index, value in enumerate((affect.valence, affect.arousal)):
            if math.isfinite(value):
                track.sums[index] += value
                track.counts[index] += 1
        if affect.expression_word is not None:
            track.expressions[affect.expression_word] += 1
        if affect.action_units_present is not None:
            track.present += np.array([on is True for on in affect.action_units_present])

    def _forget_short_tracks(self) -> None:
        by_worth = sorted(
            self._tracks.items(),
            key=lambda item: (item[1].stop_s >= self._stop_s, item[1].num_frames),
        )
        self._tracks = dict(by_worth[-MAX_TRACKS:])


def total(files: Sequence[RunSummary], wall_s: float) -> RunSummary:
    """Return the totals of several files that took `wall_s` in total."""
    return RunSummary(
        num_files=sum(each.num_files for each in files),
        num_frames=sum(each.num_frames for each in files),
        num_faces=sum(each.num_faces for each in files),
        num_tracks=sum(each.num_tracks for each in files),
        video_s=sum(each.video_s for each in files),
        wall_s=wall_s,
        num_no_face=sum(each.num_no_face for each in files),
        num_low_quality=sum(each.num_low_quality for each in files),
        num_interpolated=sum(each.num_interpolated for each in files),
        num_images=sum(each.num_images for each in files),
    )


def _summary(track_id: int, track: _Track, labels: Sequence[str]) -> TrackSummary:
    num_scored = max(track.num_scored, 1)
    valence, arousal = (
        value / count if count else None
        for value, count in zip(track.sums, track.counts, strict=True)
    )
    present = zip(labels, track.present.tolist(), strict=True)
    units = [
        Share(label=label, share=count / num_scored) for label, count in present if count
    ]
    return TrackSummary(
        track_id=track_id,
        start_s=track.start_s,
        stop_s=track.stop_s,
        num_frames=track.num_frames,
        num_scored=track.num_scored,
        valence=valence,
        arousal=arousal,
        expressions=tuple(
            Share(label=label, share=count / num_scored)
            for label, count in track.expressions.most_common()
        ),
        action_units=tuple(sorted(units, key=lambda unit: -unit.share)),
        image=track.image,
    )
