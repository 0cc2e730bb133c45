"""What the face chain sees of generated scenes, held against their truth.

`python benchmarks/synth.py scenes --people 20` runs it: so many scenes of each staging.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scene_scores import (
    FaceCriteria,
    Sight,
    TrackFaults,
    pair_boxes,
    pair_faces,
    pose_errors,
    track_faults,
)

from wildaffect.core.frames import Frame
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.faces.tracker import TrackingLimits
from wildaffect.runtime.network import Device
from wildaffect.synth.motion import FPS
from wildaffect.synth.scene import SceneFrame, Staging, draw_scene

HEIGHT, WIDTH, NUM_FRAMES = 360, 640, 150
FIRST_SEED = 601
DETECT_EVERY = 5
"""Frames from one to the next on which the detector is held against the truth by itself."""
STAGINGS = {
    "as the preset": Staging(),
    "crossing": Staging(
        num_people_probs=(0.0, 0.0, 0.4, 0.4, 0.2),
        ways={"crosses": 0.55, "stays": 0.35, "turns_away": 0.1},
    ),
}
YAWS = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 75), (75, 90))
HEIGHTS_PX = ((20, 32), (32, 64), (64, 400))
MIN_FACES = 20
"""Number of samples below which no median is shown."""
ANY = FaceCriteria(min_visible=0.85, max_yaw_deg=90, min_height_px=12)
Row = tuple[float, float, bool]
"""Absolute yaw, height of the face, whether it was found."""


@dataclass(slots=True)
class Tally:
    """What was seen of many scenes."""

    detector: list[Row] = field(default_factory=list)
    chain: list[Row] = field(default_factory=list)
    num_frames: int = 0
    num_frames_detected: int = 0
    stray_boxes: int = 0
    stray_faces: int = 0
    tracks: TrackFaults = field(default_factory=TrackFaults)
    poses: list[NDArray[np.float64]] = field(default_factory=list)


def scenes(num_scenes: int) -> None:
    """Print recall, stray faces, faults of track numbers, and errors of the head's pose."""
    detect, chain = FaceDetector(Device()), FaceChain(Device())
    for place, (name, staging) in enumerate(STAGINGS.items()):
        tally = Tally()
        for number in range(num_scenes):
            seed = FIRST_SEED + place * num_scenes + number
            faults = _score(tally, draw(seed, staging), detect, chain)
            print(f"seed {seed}: {faults}", file=sys.stderr)
        first = FIRST_SEED + place * num_scenes
        print(f"\n## {name}: {num_scenes} scenes, seeds {first} to {seed}")
        _print(tally)


def draw(seed: int, staging: Staging) -> list[SceneFrame]:
    """Return the frames of one scene, with people of its own."""
    cast = list(range(10_000 * seed, 10_000 * seed + 6))
    return list(
        draw_scene(
            (seed, 0), height=HEIGHT, width=WIDTH, num_frames=NUM_FRAMES, cast=cast,
            staging=staging,
        )
    )  # fmt: skip


def _score(
    tally: Tally, scene: list[SceneFrame], detect: FaceDetector, chain: FaceChain
) -> TrackFaults:
    scanner = FrameScanner(detect)
    frames = (Frame(index=f.index, time_s=f.index / FPS, rgb=f.rgb) for f in scene)
    sights, num_stray = pair_faces(scene, chain.run(map(scanner, frames)))
    tally.num_frames += len(scene)
    tally.stray_faces += num_stray
    tally.chain += _rows(sights)
    gap_s = TrackingLimits().max_gap_s
    faults = track_faults(sights, FaceCriteria(), max_gap_s=gap_s)
    tally.tracks += faults
    tally.poses.append(pose_errors(sights, ANY))
    for frame in scene[::DETECT_EVERY]:
        boxes = [found.box_xyxy for found in detect(frame.rgb)]
        pairs, stray = pair_boxes(frame.people, boxes)
        tally.num_frames_detected += 1
        tally.stray_boxes += len(stray)
        tally.detector += [
            (*_size(person), i in pairs)
            for i, person in enumerate(frame.people)
            if ANY.covers(person)
        ]
    return faults


def _rows(sights: list[Sight]) -> list[Row]:
    return [
        (*_size(sight.person), sight.face is not None)
        for sight in sights
        if ANY.covers(sight.person)
    ]


def _size(person) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    height = float(person.box_xyxy[3] - person.box_xyxy[1])
    return abs(person.pose.yaw_deg), height


def _print(tally: Tally) -> None:
    poses = np.concatenate(tally.poses)
    middle = np.median(poses[np.abs(poses[:, 0]) < 30, 2])
    print(
        f"{tally.num_frames} frames; false boxes of the detector: {tally.stray_boxes} "
        f"in {tally.num_frames_detected} frames; false faces of the chain: "
        f"{tally.stray_faces}\n{tally.tracks}\n"
        f"pitch is estimated {middle:+.1f} degrees off (median, up to 30 degrees yaw); its "
        "error is given without that offset\n"
    )
    print("| yaw | faces | detector | chain | yaw error | pitch | roll |\n|" + "---|" * 7)
    for low, high in YAWS:
        inside = (np.abs(poses[:, 0]) >= low) & (np.abs(poses[:, 0]) < high)
        errors = np.abs(poses[inside, 1:] - [0, middle, 0])
        typical = ["-"] * 3
        if len(errors) >= MIN_FACES:
            typical = [f"{value:.1f}" for value in np.median(errors, 0)]
        shares = _shares(tally, lambda row, a=low, b=high: row[1] >= 20 and a <= row[0] < b)
        print(f"| {low} to {high} | {' | '.join([*shares, *typical])} |")
    print("\n| face, px | faces | detector | chain |\n|" + "---|" * 4)
    for low, high in HEIGHTS_PX:
        shares = _shares(tally, lambda row, a=low, b=high: row[0] < 45 and a <= row[1] < b)
        print(f"| {low} to {high} | {' | '.join(shares)} |")


def _shares(tally: Tally, covers) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """Yield the number of faces, then the share that the detector and the chain found."""
    yield str(sum(map(covers, tally.chain)))
    for rows in (tally.detector, tally.chain):
        found = [row[2] for row in rows if covers(row)]
        yield f"{100 * np.mean(found):.1f} %" if found else "-"


if __name__ == "__main__":
    scenes(2)
