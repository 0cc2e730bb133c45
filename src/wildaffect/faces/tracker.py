"""Tracking of persons from detections, within one shot."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.faces.detector import Detection, Detections
from wildaffect.faces.mesh import Mesh
from wildaffect.faces.regions import Region, box_overlap, center_of, is_inside
from wildaffect.faces.search import Candidate

SETTLING_LOOKS = 2
"""Refinement steps of a new mesh, so that it does not depend on the exact detection."""

SURPRISE_KEPT = 0.7
"""Decay per frame of a track's motion error."""
MAX_SURPRISE = 0.1
"""Motion error up to which a face is where its motion predicts, with jitter and turns."""

Look = Callable[[Region], Mesh]
"""Runs the landmark network on a region of the current frame."""
Candidates = Iterable[Sequence[Candidate]]
"""Lazy sequence of searches; a later search runs only if needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingLimits:
    """Limits for finding, losing, re-identifying and confirming faces."""

    min_presence: float = 0.5
    """Minimum presence score of the mesh, on every frame and after re-detection."""
    max_gap_s: float = 0.5
    """A face lost for longer ends its track and starts a new one when it returns. Frames
    further apart than this are tracked from frame to frame, without a gap."""
    min_run_s: float = 0.15
    """Minimum duration of a new track, in two frames or more, to be confirmed; in a shorter
    shot, the face must be present from the first frame to the last. A frame further than
    `max_gap_s` from both its neighbors is treated like a still."""
    max_unseen_s: float = 1.0
    """Maximum time of a track by the mesh alone, without the detector; a search at a higher
    resolution then confirms or ends it."""
    search_every_s: float = 1.0
    """Time between two searches of frames without a face; every shot begins with one."""
    same_face_overlap: float = 0.3
    """Minimum overlap of detection and mesh box of the same face."""
    duplicate_overlap: float = 0.6
    """Maximum overlap of two meshes; above it they are one face, kept by the older
    track."""


@dataclass(slots=True)
class LiveTrack:
    """A tracked face."""

    key: int
    """Order of appearance; not the track's public number."""
    mesh: Mesh
    """Last accepted mesh."""
    detection_score: float | None
    """None if only the mesh found the face."""
    found_s: float
    """Time of that mesh."""
    detected_s: float
    """Last time that the detector found it too."""
    before: tuple[Mesh, float] | None = None
    """The mesh before the last, and its time."""
    surprise: float = 0.0
    """Recent error of the motion prediction, in sides of the face's box."""

    def move(self, mesh: Mesh, time_s: float) -> None:
        """Accept the next mesh."""
        here = center_of(self.mesh.box_xyxy())
        step = here - center_of(self.before[0].box_xyxy()) if self.before else 0
        off = float(np.linalg.norm(center_of(mesh.box_xyxy()) - (here + step)))
        self.surprise = SURPRISE_KEPT * self.surprise + off / _side(self.mesh)
        self.before = (self.mesh, self.found_s)
        self.mesh, self.found_s = mesh, time_s

    def step_back(self) -> None:
        """Revert the last mesh: the face was lost after the previous one."""
        if self.before:
            self.mesh, self.found_s = self.before
            self.before = None


@dataclass(slots=True)
class Tracker:
    """Tracks any number of faces; frames must come in order.

    Every live face is searched at its last location; other detections are matched with
    recently lost faces, or begin a track. Every candidate must pass the mesh's own presence
    output, also after a re-detection.
    """

    limits: TrackingLimits = field(default_factory=TrackingLimits)
    _live: list[LiveTrack] = field(default_factory=list)
    _next_key: int = 0
    _last_s: float = float("-inf")
    """Time of the previous frame."""
    _searched_s: float = float("-inf")
    """Last time that a frame without a face was searched."""

    def start_shot(self, goes_on: Callable[[NDArray[np.float32]], bool]) -> None:
        """Drop every face except those whose box, shape (4,), continues through the cut."""
        self._live = [track for track in self._live if goes_on(track.mesh.box_xyxy())]
        self._searched_s = float("-inf")

    def update(
        self,
        time_s: float,
        detections: Detections | None,
        *,
        look: Look,
        detect: Callable[[], Detections],
        finer: Callable[[Candidate], Sequence[Candidate]],
        search: Callable[[], Candidates],
        closer: Callable[[Mesh], Candidates],
    ) -> list[LiveTrack]:
        """Return the tracks whose face is in this frame, oldest first.

        Args:
            time_s: Time of the frame.
            detections: Detections, or None if the detector was not run.
            look: Runs the landmark network on a region of the frame.
            detect: Runs the detector; called if a face was lost or there is none.
            finer: Searches again where the mesh found no face in a detection.
            search: Further searches; called at intervals if no face is found.
            closer: Searches for a face that the detector has not found for long.
        """
        limits = self.limits
        oldest_s = min(time_s - limits.max_gap_s, self._last_s)
        self._live = [track for track in self._live if track.found_s >= oldest_s]
        self._last_s = time_s
        for track in self._live:
            self._follow(track, time_s, look)
        if detections is None:
            all_in_view = all(track.found_s == time_s for track in self._live)
            detections = () if self._live and all_in_view else detect()
        free = [d for d in detections if not self._claimed(d, time_s)]
        for detection in free:
            if not self._place(detection, time_s, look):
                any(self._place(again, time_s, look) for again in finer(detection))
        self._search(time_s, look, search)
        self._drop_duplicates(time_s)
        self._live = [
            track
            for track in self._live
            if time_s - track.detected_s <= limits.max_unseen_s
            or self._confirmed(track, time_s, look, closer)
        ]
        return self._in_view(time_s)

    def _in_view(self, time_s: float) -> list[LiveTrack]:
        return [track for track in self._live if track.found_s == time_s]

    def _search(self, time_s: float, look: Look, search: Callable[[], Candidates]) -> None:
        """Place the proposals of further searches, until one of them has found a face."""
        is_due = time_s - self._searched_s >= self.limits.search_every_s - 1e-6
        if self._in_view(time_s) or not is_due:
            return
        self._searched_s = time_s
        for candidates in search():
            for candidate in candidates:
                self._place(candidate, time_s, look)
            if self._in_view(time_s):
                return

    def _confirmed(
        self,
        track: LiveTrack,
        time_s: float,
        look: Look,
        closer: Callable[[Mesh], Candidates],
    ) -> bool:
        """Return whether a closer search also finds a face in view, and record it."""
        if track.found_s < time_s:
            return False
        for candidates in closer(track.mesh):
            for candidate in candidates:
                mesh = look(candidate.region())
                overlap = box_overlap(mesh.box_xyxy(), track.mesh.box_xyxy())
                if (
                    mesh.presence >= self.limits.min_presence
                    and overlap > self.limits.duplicate_overlap
                ):
                    track.detection_score, track.detected_s = candidate.score, time_s
                    return True
        return False

    def live_keys(self) -> set[int]:
        """Return the keys of faces that are or recently were in view."""
        return {track.key for track in self._live}

    def _follow(self, track: LiveTrack, time_s: float, look: Look) -> None:
        mesh = look(track.mesh.region())
        if mesh.presence >= self.limits.min_presence:
            track.move(mesh, time_s)

    def _claimed(self, detection: Detection, time_s: float) -> bool:
        """Return whether a detection is a face already in view, and record it."""
        for track in self._live:
            if track.found_s == time_s and _same_face(track.mesh, detection, self.limits):
                track.detection_score = detection.score
                track.detected_s = time_s
                return True
        return False

    def _place(self, candidate: Candidate, time_s: float, look: Look) -> bool:
        """Assign a candidate face to a nearby lost track, or begin a track with it."""
        mesh = look(candidate.region())
        for _ in range(SETTLING_LOOKS):
            if mesh.presence < self.limits.min_presence:
                return False
            mesh = look(mesh.region())
        if mesh.presence < self.limits.min_presence:
            return False
        lost = [t for t in self._live if t.found_s < time_s and _is_near(t.mesh, mesh)]
        if lost:
            track = min(lost, key=lambda t: _distance(t.mesh, mesh))
        else:
            track = LiveTrack(self._next_key, mesh, candidate.score, time_s, time_s)
            self._next_key += 1
            self._live.append(track)
        track.mesh, track.detection_score = mesh, candidate.score
        track.found_s = track.detected_s = time_s
        track.before, track.surprise = None, 0.0
        return True

    def _drop_duplicates(self, time_s: float) -> None:
        """Assign a face to the track whose motion predicts it, else to the older track.

        Where a person passes in front of another, the mesh of the hidden face jumps to the
        nearer face; that track is reverted and may find its own face again.
        """
        owners: list[LiveTrack] = []
        for track in sorted(self._live, key=_claim):
            box = track.mesh.box_xyxy()
            if track.found_s < time_s:
                continue
            if not any(
                box_overlap(box, owner.mesh.box_xyxy()) > self.limits.duplicate_overlap
                for owner in owners
            ):
                owners.append(track)
                continue
            track.step_back()
            if track.found_s == time_s:
                self._live.remove(track)


def _claim(track: LiveTrack) -> tuple[float, int]:
    return (track.surprise if track.surprise > MAX_SURPRISE else 0.0, track.key)


def _same_face(mesh: Mesh, detection: Detection, limits: TrackingLimits) -> bool:
    box = mesh.box_xyxy()
    overlap = box_overlap(box, detection.box_xyxy)
    return overlap > limits.same_face_overlap or is_inside(
        center_of(detection.box_xyxy), box
    )


def _is_near(lost: Mesh, found: Mesh) -> bool:
    """Return whether a face of similar size returned close to its last location."""
    before, now = _side(lost), _side(found)
    return _distance(lost, found) < max(before, now) and 0.5 < before / now < 2.0


def _distance(a: Mesh, b: Mesh) -> float:
    return float(np.linalg.norm(center_of(a.box_xyxy()) - center_of(b.box_xyxy())))


def _side(mesh: Mesh) -> float:
    box = mesh.box_xyxy()
    return float(max(box[2] - box[0], box[3] - box[1], 1.0))
