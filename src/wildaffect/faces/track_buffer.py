"""Buffer of the face chain: keeps frames until the tracks in them are final.

A frame leaves the buffer once no later frame can change it: when every face in it is
confirmed or rejected, and no briefly lost face can still be found again.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from wildaffect.core.faces import FaceObservation, FrameFaces
from wildaffect.faces.observe import between, with_track_id
from wildaffect.faces.tracker import TrackingLimits


@dataclass(slots=True)
class Run:
    """State of one track."""

    first_position: int
    """Positions among the frames of the stream."""
    first_s: float
    last_position: int
    last_s: float
    last_face: FaceObservation
    track_id: int | None = None
    """Assigned once the track is confirmed."""


@dataclass(slots=True)
class WaitingFrame:
    """A frame that later frames may still change."""

    position: int
    frame_index: int
    time_s: float
    faces: dict[int, FaceObservation] = field(default_factory=dict)
    """Faces by the key of their track."""


class TrackBuffer:
    """Keeps frames until their faces are final."""

    def __init__(self, limits: TrackingLimits) -> None:
        self._limits = limits
        self._waiting: deque[WaitingFrame] = deque()
        self._runs: dict[int, Run] = {}
        self._next_id = 0
        self._next_position = 0
        self._shot_start = 0
        self._last_s = float("-inf")
        """Time of the newest frame."""
        self._stood_alone = True
        """True if the newest frame is far from the previous one."""

    def add_frame(
        self, frame_index: int, time_s: float, faces: dict[int, FaceObservation]
    ) -> None:
        """Add the next frame with the faces found in it, by track key."""
        is_far = time_s - self._last_s > self._limits.max_gap_s
        if is_far and self._stood_alone:
            self._believe(self._seen_in_newest())
        self._last_s, self._stood_alone = time_s, is_far
        frame = WaitingFrame(self._next_position, frame_index, time_s, faces)
        self._next_position += 1
        self._waiting.append(frame)
        for key, face in faces.items():
            self._extend(key, frame, face)
        self._believe(
            run
            for key, run in self._runs.items()
            if key in faces
            and run.last_s - run.first_s >= self._limits.min_run_s - 1e-6
            and run.last_position > run.first_position
        )

    def settled(self, live_keys: AbstractSet[int]) -> Iterator[FrameFaces]:
        """Yield, in order, the frames that no track of `live_keys` can change any more."""
        self._runs = {
            key: run
            for key, run in self._runs.items()
            if key in live_keys or run.track_id is not None
        }
        yield from self._release(self._first_open(live_keys), live_keys)

    def end_shot(self) -> Iterator[FrameFaces]:
        """Yield every remaining frame; faces present throughout the shot are accepted."""
        self._believe(
            run
            for run in self._seen_in_newest()
            if self._stood_alone or run.first_position == self._shot_start
        )
        yield from self._release(self._next_position, set())
        self._runs.clear()
        self._shot_start = self._next_position
        self._last_s, self._stood_alone = float("-inf"), True

    def _seen_in_newest(self) -> list[Run]:
        newest = self._next_position - 1
        return [run for run in self._runs.values() if run.last_position == newest]

    def _extend(self, key: int, frame: WaitingFrame, face: FaceObservation) -> None:
        run = self._runs.get(key)
        if run is None:
            self._runs[key] = Run(
                frame.position, frame.time_s, frame.position, frame.time_s, face
            )
            return
        for missed in self._waiting:
            if run.last_position < missed.position < frame.position:
                share = (missed.time_s - run.last_s) / (frame.time_s - run.last_s)
                missed.faces[key] = between(run.last_face, face, share)
        run.last_position, run.last_s, run.last_face = frame.position, frame.time_s, face

    def _believe(self, runs: Iterable[Run]) -> None:
        """Number new tracks in order of appearance, then from left to right."""
        new = [run for run in runs if run.track_id is None]
        new.sort(key=lambda run: (run.first_position, float(run.last_face.box_xyxy[0])))
        for run in new:
            run.track_id = self._next_id
            self._next_id += 1

    def _first_open(self, live_keys: AbstractSet[int]) -> int:
        """Return the position of the first frame that is not final."""
        newest = self._next_position - 1
        bounds = [self._next_position]
        for key in live_keys & self._runs.keys():
            run = self._runs[key]
            if run.track_id is None:
                bounds.append(run.first_position)
            elif run.last_position < newest:
                bounds.append(run.last_position + 1)
        return min(bounds)

    def _release(self, stop: int, live_keys: AbstractSet[int]) -> Iterator[FrameFaces]:
        while self._waiting and self._waiting[0].position < stop:
            frame = self._waiting.popleft()
            known = [
                with_track_id(face, run.track_id)
                for key, face in frame.faces.items()
                if (run := self._runs.get(key)) and run.track_id is not None
            ]
            yield FrameFaces(
                frame_index=frame.frame_index,
                time_s=frame.time_s,
                faces=tuple(sorted(known, key=lambda face: face.track_id)),
                live_ids=self._live_ids(frame.position, live_keys),
            )
        for key in [
            key for key, run in self._runs.items() if self._is_over(key, run, live_keys)
        ]:
            del self._runs[key]

    def _live_ids(self, position: int, live_keys: AbstractSet[int]) -> frozenset[int]:
        return frozenset(
            run.track_id
            for key, run in self._runs.items()
            if run.track_id is not None
            and (key in live_keys or run.last_position > position)
        )

    def _is_over(self, key: int, run: Run, live_keys: AbstractSet[int]) -> bool:
        oldest = self._waiting[0].position if self._waiting else self._next_position
        return key not in live_keys and run.last_position < oldest
