"""Evaluation of a face chain on a scene with known truth.

Boxes are paired with people frame by frame, the best overlap first; faces that are hard to
see are not required, but a box on them is no fault either.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, FrameFaces, Status
from wildaffect.faces.regions import box_overlap
from wildaffect.synth.motion import FPS
from wildaffect.synth.scene import SceneFrame
from wildaffect.synth.scene_truth import Seen as Person

MIN_OVERLAP = 0.25
"""Minimum overlap of a box and its face."""
TOUCHING = 0.05
"""Overlap with a face below which a box is a false detection."""
HIDDEN = 0.3
"""Visible share below which a face is matched only if no other one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCriteria:
    """Criteria for the faces that a chain must find."""

    min_visible: float = 0.85
    max_yaw_deg: float = 60.0
    min_height_px: float = 20.0
    """Minimum height of the face from brows to chin."""

    def covers(self, person: Person) -> bool:
        """Return whether this face is one of them."""
        height = float(person.box_xyxy[3] - person.box_xyxy[1])
        return (
            person.visible >= self.min_visible
            and abs(person.pose.yaw_deg) <= self.max_yaw_deg
            and height >= self.min_height_px
        )


class Sight(NamedTuple):
    """One person in one frame, and the detected face."""

    frame: int
    shot: int
    person: Person
    face: FaceObservation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFaults:
    """Counts of tracking errors."""

    num_appearances: int = 0
    """Stretches of a shot in which a person is required without a long break."""
    num_missed: int = 0
    """Appearances without any track."""
    num_fragments: int = 0
    """Track numbers that a person had beyond the first, over all appearances."""
    num_switches: int = 0
    """Times that a track switched to another person within a shot."""
    num_carried: int = 0
    """Times that a track continued through a cut."""

    def __add__(self, other: "TrackFaults") -> "TrackFaults":
        fields = self.__slots__
        return TrackFaults(
            **{name: getattr(self, name) + getattr(other, name) for name in fields}
        )


def pair_boxes(
    people: Sequence[Person], boxes_xyxy: Sequence[NDArray[np.float32]]
) -> tuple[dict[int, int], list[int]]:
    """Match boxes to people; return the matches and the false boxes.

    Args:
        people: People of one frame.
        boxes_xyxy: Boxes of faces, each of shape (4,), in pixels of the frame.

    Returns:
        Position of the person -> position of the box; positions of stray boxes. A second
        box on a person is in neither.
    """
    overlaps = {
        (i, j): box_overlap(person.box_xyxy, box)
        for i, person in enumerate(people)
        for j, box in enumerate(boxes_xyxy)
    }
    pairs: dict[int, int] = {}
    best_first = sorted(
        overlaps, key=lambda at: (people[at[0]].visible < HIDDEN, -overlaps[at])
    )
    for i, j in best_first:
        is_free = i not in pairs and j not in pairs.values()
        if is_free and overlaps[i, j] >= MIN_OVERLAP:
            pairs[i] = j
    touched = {j for (_, j), overlap in overlaps.items() if overlap >= TOUCHING}
    return pairs, [j for j in range(len(boxes_xyxy)) if j not in touched]


def pair_faces(
    scene: Iterable[SceneFrame], predicted: Iterable[FrameFaces]
) -> tuple[list[Sight], int]:
    """Return all people of a scene with their faces, and the number of stray faces.

    Args:
        scene: The frames as drawn.
        predicted: Faces from the chain for the same frames; interpolated ones are left out.
    """
    sights, num_stray = [], 0
    for frame, answer in zip(scene, predicted, strict=True):
        faces = [face for face in answer.faces if face.status is not Status.INTERPOLATED]
        pairs, stray = pair_boxes(frame.people, [face.box_xyxy for face in faces])
        num_stray += len(stray)
        for i, person in enumerate(frame.people):
            face = faces[pairs[i]] if i in pairs else None
            sights.append(Sight(frame.index, frame.shot, person, face))
    return sights, num_stray


def track_faults(
    sights: Sequence[Sight], criteria: FaceCriteria, *, max_gap_s: float
) -> TrackFaults:
    """Return what went wrong with the track numbers of one scene.

    Args:
        sights: Of one scene, in order.
        criteria: Which faces count.
        max_gap_s: A face unseen for longer may come back under another number.
    """
    num_fragments = num_missed = 0
    appearances = _appearances(sights, criteria, round(max_gap_s * FPS))
    for appearance in appearances:
        numbers = {sight.face.track_id for sight in appearance if sight.face}
        num_missed += not numbers
        num_fragments += max(len(numbers) - 1, 0)
    by_track: dict[int, list[Sight]] = defaultdict(list)
    for sight in sights:
        if sight.face and sight.person.visible >= HIDDEN:
            by_track[sight.face.track_id].append(sight)
    num_switches = num_carried = 0
    for track in by_track.values():
        for before, after in pairwise(track):
            is_other = before.person.person_id != after.person.person_id
            num_switches += is_other and before.shot == after.shot
            num_carried += before.shot != after.shot
    return TrackFaults(
        num_appearances=len(appearances),
        num_missed=num_missed,
        num_fragments=num_fragments,
        num_switches=num_switches,
        num_carried=num_carried,
    )


def _appearances(
    sights: Sequence[Sight], criteria: FaceCriteria, max_gap: int
) -> list[list[Sight]]:
    """Return stretches of at least `max_gap` frames in which a person is required."""
    seen: dict[tuple[int, int], list[Sight]] = defaultdict(list)
    for sight in sights:
        if criteria.covers(sight.person):
            seen[sight.shot, sight.person.person_id].append(sight)
    stretches: list[list[Sight]] = []
    for person in seen.values():
        frames = np.array([sight.frame for sight in person])
        cuts = [0, *(np.flatnonzero(np.diff(frames) > max_gap) + 1).tolist(), len(person)]
        stretches += [person[a:b] for a, b in pairwise(cuts)]
    return [stretch for stretch in stretches if len(stretch) >= max_gap]


def pose_errors(sights: Iterable[Sight], criteria: FaceCriteria) -> NDArray[np.float64]:
    """Return the true yaw and the errors of yaw, pitch and roll in degrees, shape (N, 4).

    They cover every required face that was found.
    """
    rows = [
        [sight.person.pose.yaw_deg, *np.subtract(sight.face.pose, sight.person.pose)]
        for sight in sights
        if sight.face and criteria.covers(sight.person)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
