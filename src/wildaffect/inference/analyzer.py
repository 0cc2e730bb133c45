"""Streaming analyzer from frames to results, for files, cameras and tests."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock

from wildaffect.core.errors import UnreadableVideo, UsageError
from wildaffect.core.faces import FrameFaces, Status
from wildaffect.core.frames import Frame
from wildaffect.core.results import FaceResult
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.quality import QualityLimits
from wildaffect.faces.scan import FrameScanner
from wildaffect.faces.tracker import TrackingLimits
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.inputs import FaceRow, Inputs
from wildaffect.inference.model import Model
from wildaffect.inference.neutral import Neutral, NeutralOf, PersonNeutral
from wildaffect.inference.person import PersonStream
from wildaffect.inference.rows import FaceRows, embedding_rate_hz
from wildaffect.runtime.network import Device
from wildaffect.video.prefetch import prefetch

PREFETCH_FRAMES = 3
"""Maximum number of decoded frames that wait to be tracked; limits memory."""
TRACKED_FRAMES = 2
"""Maximum number of frames that wait to be measured."""
MEASURED_FRAMES = 48
"""Maximum number of frames that wait for their rows: faces are measured on while the caller
reads all rows that waited for the first estimate of a neutral face."""
MEASURED_CROP_BYTES = 4 << 20
"""Maximum size of the crops of one person that wait for their rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisOptions:
    """Options of an analyzer besides the model."""

    device: Device = field(default_factory=Device)
    tracking: TrackingLimits = field(default_factory=TrackingLimits)
    quality: QualityLimits = field(default_factory=QualityLimits)
    live: bool = False
    """True for live streams: first rows do not wait for an estimate of the neutral face."""
    keep_features: bool = False
    """Include measured features in results, raw and relative to the person's neutral."""


class Analyzer:
    """Holds the networks of an artifact; analyzes any number of videos, one at a time.

    Args:
        artifact: Model that predicts.
        options: Options besides the model.
        model: Replaces the members of the artifact, as in parity checks.
        inputs: Replaces their inputs in the same way.
    """

    def __init__(
        self,
        artifact: Artifact,
        options: AnalysisOptions | None = None,
        *,
        model: Model | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self.artifact = replace(artifact, networks={})
        """The artifact without the bytes of its networks, which are compiled."""
        self.options = options or AnalysisOptions()
        self._inputs = inputs or Inputs(
            artifact, self.options.device, one_by_one=self.options.live
        )
        self._model = model or Model(artifact, self.options.device)
        self._detector = FaceDetector(self.options.device)
        self._chain = FaceChain(
            self.options.device,
            preprocesses=self._inputs.preprocesses,
            crop_rate_hz=None
            if self.options.keep_features
            else embedding_rate_hz(self._inputs.manifest),
            tracking=self.options.tracking,
            quality=self.options.quality,
        )
        crop_bytes = sum(
            each.size_px**2 * len(each.mean) for each in self._inputs.preprocesses
        )
        held = MEASURED_CROP_BYTES // crop_bytes if crop_bytes else MEASURED_FRAMES
        self._measured_ahead = max(min(held, MEASURED_FRAMES), 1)
        self._idle = Lock()

    def run(
        self, frames: Iterable[Frame], neutral_of: NeutralOf | None = None
    ) -> Generator[FaceResult]:
        """Yield every frame's rows in order: by frame, then by track.

        Decoding and detection run in one thread, tracking in another and measuring in a
        third, a few frames ahead of the caller; the last two are one in live streams. If
        `frames` raises, all earlier rows are yielded first, then the error is raised.

        Args:
            frames: In order of time.
            neutral_of: Neutral face of each track; None estimates it by the policy of the
                artifact.

        Raises:
            UsageError: If another run of this analyzer has not ended.
        """
        with self._alone():
            yield from self._run(frames, neutral_of or self.estimated_neutral)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._idle.acquire(blocking=False):
            raise UsageError(
                "analyzer: one source at a time; exhaust or close the other run first, "
                "or give each thread its own Analyzer"
            )
        try:
            yield
        finally:
            self._idle.release()

    def _run(self, frames: Iterable[Frame], neutral_of: NeutralOf) -> Iterator[FaceResult]:
        source = _UntilError(frames)
        people: dict[int, PersonStream] = {}
        order = _FrameOrder()
        rows = FaceRows(self._inputs, at_once=self.options.live)
        start = partial(self._person, neutral_of)
        with closing(self._faces(source)) as faces:
            for seen, measured in rows.run(faces):
                order.expect(seen)
                _push(seen, measured, people, order, start=start)
                yield from order.ready()
        for person in people.values():
            order.add(person.finish())
        yield from order.ready()
        if source.error:
            raise source.error

    def measure(self, frames: Iterable[Frame]) -> Iterator[FaceRow]:
        """Yield the measurements of every face, in order; no network of the model runs.

        Ends where `frames` raises.
        """
        with self._alone(), closing(self._faces(_UntilError(frames))) as faces:
            for seen in faces:
                for face in seen.faces:
                    yield self._inputs.measure(seen.frame_index, seen.time_s, face)

    def estimated_neutral(self, track_id: int) -> Neutral:  # noqa: ARG002 - alike for all
        """Return the neutral of a track, to be estimated by the artifact's policy.

        Raises:
            ValueError: If the artifact has no policy.
        """
        policy = self.artifact.manifest.neutral
        if policy is None:
            raise ValueError(f"{self.artifact.manifest.name}: has no policy of the neutral")
        return PersonNeutral(policy)

    def _faces(self, frames: Iterable[Frame]) -> Generator[FrameFaces]:
        scanner = FrameScanner(self._detector)
        depth = 1 if self.options.live else PREFETCH_FRAMES  # waiting frames grow old
        with ExitStack() as stack:
            ahead = prefetch(frames, depth=depth, apply=scanner)
            scanned = stack.enter_context(closing(ahead))
            if self.options.live:
                measured = self._chain.run(scanned)
            else:
                tracked = prefetch(self._chain.track(scanned), depth=TRACKED_FRAMES)
                measured = self._chain.measure(stack.enter_context(closing(tracked)))
            faces = prefetch(
                measured, depth=1 if self.options.live else self._measured_ahead
            )
            yield from stack.enter_context(closing(faces))

    def _person(self, neutral_of: NeutralOf, track_id: int) -> PersonStream:
        has_policy = self.artifact.manifest.neutral is not None
        neutral = neutral_of(track_id) if has_policy else None
        return PersonStream(
            self._inputs,
            self._model,
            neutral=neutral,
            warm_up_s=neutral.warm_up_s if neutral and not self.options.live else 0.0,
            keep_features=self.options.keep_features,
        )


def _push(
    seen: FrameFaces,
    rows: list[FaceRow],
    people: dict[int, PersonStream],
    order: "_FrameOrder",
    *,
    start: Callable[[int], PersonStream],
) -> None:
    for row in rows:
        track_id = row.face.track_id
        if track_id not in people:
            people[track_id] = start(track_id)
        order.add(people[track_id].push(row))
    for track_id in sorted(people.keys() - seen.live_ids):
        order.add(people.pop(track_id).finish())


class _UntilError:
    """Frames up to an error, which is kept, so that no earlier result is lost."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames
        self.error: UnreadableVideo | None = None

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self._frames
        except UnreadableVideo as error:
            self.error = error


class _FrameOrder:
    """Merges the results of several persons in the order of the video."""

    def __init__(self) -> None:
        self._frames: deque[FrameFaces] = deque()
        self._results: dict[tuple[int, int], FaceResult] = {}

    def expect(self, frame: FrameFaces) -> None:
        self._frames.append(frame)

    def add(self, results: list[FaceResult]) -> None:
        for result in results:
            assert result.face  # noqa: S101 - a person's results always have a face
            self._results[result.frame_index, result.face.track_id] = result

    def ready(self) -> Iterator[FaceResult]:
        while self._frames:
            frame = self._frames[0]
            keys = [(frame.frame_index, face.track_id) for face in frame.faces]
            if not all(key in self._results for key in keys):
                return
            self._frames.popleft()
            if not keys:
                yield FaceResult(
                    frame_index=frame.frame_index,
                    time_s=frame.time_s,
                    status=Status.NO_FACE,
                )
            yield from (self._results.pop(key) for key in keys)
