"""Errors of gaze, blinks and the open mouth on generated people, whose truth is exact.

    python benchmarks/signals.py [--people 24] [--rows 90]

prints the tables of docs/signals.md: gaze as people of the generated world move their eyes,
and gaze that is drawn anew every sixth of a second, independent of the head; blinks over a
range of thresholds; the time of the signals. It says nothing about people who were filmed.
"""

import argparse
import timeit
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.core.frames import Frame
from wildaffect.faces.blendshapes import NAMES
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.features.geometry import frontal_mesh
from wildaffect.runtime.network import Device
from wildaffect.signals.eyes import EyeState, eye_closure
from wildaffect.signals.gaze import Direction, eye_direction, gaze_direction, is_at_camera
from wildaffect.signals.mouth import mouth_open
from wildaffect.signals.reader import SignalReader
from wildaffect.synth.facs import COLUMN
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.stream import take_of
from wildaffect.synth.take import Take
from wildaffect.synth.whole import SIDES_PER_CROP, draw_whole_frames

SEED, SIZE_PX = 900, 112
HOLD_FRAMES, REACH_RAD = 5, (0.40, 0.35)
OPEN_BELOW = 0.1
"""Truth of the closing of the eyes below which the error of gaze is measured."""
CLOSED_FROM, OPEN_AGAIN = 0.8, 0.3
"""A true blink reaches the first and lasts until the second."""
THRESHOLDS = (0.40, 0.45, 0.50, 0.55, 0.60)
IRIS = {"right": (468, 33, 133), "left": (473, 263, 362)}
"""Center of each iris, outer and inner corner of its eye."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """A face of a generated video, and the truth of its frame."""

    face: FaceObservation
    index: int
    eyes: Direction
    head: HeadPose
    closure: float
    lips: float


def videos(num_people: int, rows: int, *, is_drawn: bool) -> Iterator[list[Seen]]:
    """Yield the faces of one video per person.

    Args:
        num_people: Number of people.
        rows: Annotated frames of each.
        is_drawn: Draw the direction of the eyes, independent of all else.
    """
    detector, chain = FaceDetector(Device()), FaceChain(Device())
    side = SIDES_PER_CROP * SIZE_PX
    renderer = Renderer(side, side)
    preset = replace(
        PRESETS["tiny"],
        people={"test": num_people}, videos_per_person=1, rows_per_video=rows,
    )  # fmt: skip
    for video in plan_world(preset, seed=SEED, statistics="balanced", size_px=SIZE_PX):
        take = _drawn_gaze(take_of(video)) if is_drawn else take_of(video)
        frames = (
            Frame(index=i, time_s=i / FPS, rgb=whole.rgb)
            for i, whole in enumerate(draw_whole_frames(take, renderer=renderer))
        )
        scanned = map(FrameScanner(detector), frames)
        yield [
            _seen(take, frame.frame_index, face)
            for frame in chain.run(scanned)
            for face in frame.faces[:1]
            if face.status is Status.OK
        ]


def _drawn_gaze(take: Take) -> Take:
    num = len(take.behavior)
    rng = np.random.default_rng((*take.seed, 0x6A2E))
    goals = rng.uniform(-1, 1, (num // HOLD_FRAMES + 1, 2)) * REACH_RAD
    gaze = np.repeat(goals, HOLD_FRAMES, axis=0)[:num].astype(np.float32)
    return replace(take, behavior=replace(take.behavior, gaze=gaze))


def _seen(take: Take, index: int, face: FaceObservation) -> Seen:
    truth = take.behavior
    units = truth.intensities[index]
    return Seen(
        face,
        index,
        Direction(*np.degrees(truth.gaze[index]).tolist()),
        HeadPose(*np.degrees(truth.pose[index]).tolist()),
        float(units[COLUMN[43]]),
        float(max(units[COLUMN[25]], units[COLUMN[26]])),
    )


def gaze_table(name: str, rows: Sequence[Seen]) -> None:
    """Print the errors of gaze over frames with open eyes."""
    open_rows = [row for row in rows if row.closure < OPEN_BELOW]
    true_eyes = np.array([row.eyes for row in open_rows])
    true_gaze = [gaze_direction(row.eyes, row.head) for row in open_rows]
    got_eyes = [eye_direction(row.face) for row in open_rows]
    got_gaze = [
        gaze_direction(found, row.face.pose)
        for found, row in zip(got_eyes, open_rows, strict=True)
    ]
    print(f"\n{name}: {len(open_rows)} frames with open eyes\n")
    print("| angle | spread of truth | median error | mean error | correlation |")
    print("|---|---|---|---|---|")
    for what, truth, got in (
        ("eyes", true_eyes, np.array(got_eyes)),
        ("gaze", np.array(true_gaze), np.array(got_gaze)),
    ):
        for axis, angle in enumerate(("yaw", "pitch")):
            _error_row(f"{what}, {angle}", truth[:, axis], got[:, axis])
    at = np.array([is_at_camera(gaze) for gaze in true_gaze])
    found = np.array([is_at_camera(gaze) for gaze in got_gaze])
    print(
        f"\nat the camera: {at.mean():.0%} of frames, precision {at[found].mean():.2f}, "
        f"recall {found[at].mean():.2f}"
    )
    for axis, angle in enumerate(("yaw", "pitch")):
        irises = _iris_positions([row.face for row in open_rows])[:, axis]
        print(f"irises of the mesh, {angle}: r {_r(irises, true_eyes[:, axis]):.2f}")


def _error_row(name: str, truth: Floats, got: Floats) -> None:
    error = np.abs(got - truth)
    print(
        f"| {name} | {truth.std():.1f} | {np.median(error):.1f} | {error.mean():.1f} | "
        f"{_r(got, truth):.2f} |"
    )


def _r(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def _iris_positions(faces: Sequence[FaceObservation]) -> Floats:
    """Return the irises' mean place between the corners of the eyes, to the left and up."""
    meshes = frontal_mesh(
        np.array([face.landmarks_xyz for face in faces]),
        np.array([face.pose for face in faces]),
    )
    places = []
    for iris, outer, inner in IRIS.values():
        middle = (meshes[:, outer] + meshes[:, inner]) / 2
        width = np.linalg.norm(meshes[:, outer, :2] - meshes[:, inner, :2], axis=1)
        places.append((meshes[:, iris, :2] - middle[:, :2]) / width[:, None])
    return np.mean(places, axis=0)


def blink_table(people: Sequence[Sequence[Seen]]) -> None:
    """Print precision and recall of blinks over thresholds of `eyes_closed`."""
    print("\n| threshold | true blinks | found | precision | recall |")
    print("|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        counts = np.array([_blinks(rows, threshold) for rows in people]).sum(0)
        num_true, num_met, num_found, num_right = counts
        print(
            f"| {threshold:.2f} | {num_true} | {num_found} | "
            f"{num_right / max(num_found, 1):.2f} | {num_met / max(num_true, 1):.2f} |"
        )


def _blinks(rows: Sequence[Seen], threshold: float) -> tuple[int, int, int, int]:
    """Return numbers of blinks: true, true and found, found, found and true."""
    true, is_closed = [], False
    for row in rows:
        is_closed = row.closure >= (OPEN_AGAIN if is_closed else CLOSED_FROM)
        true.append(is_closed)
    state = EyeState(threshold)
    found = _runs(state.update(row.index / FPS, eye_closure(row.face)) for row in rows)
    actual = _runs(true)
    met = sum(any(_touch(event, other) for other in found) for event in actual)
    right = sum(any(_touch(event, other) for other in actual) for event in found)
    return len(actual), met, len(found), right


def _runs(states: Iterable[bool]) -> list[tuple[int, int]]:
    padded = np.diff([0, *map(int, states), 0])
    starts, stops = np.flatnonzero(padded == 1), np.flatnonzero(padded == -1)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--rows", type=int, default=90)
    flags = parser.parse_args()
    natural = list(videos(flags.people, flags.rows, is_drawn=False))
    rows = [row for video in natural for row in video]
    gaze_table("Gaze as people of the generated world move their eyes", rows)
    drawn = videos(flags.people, flags.rows, is_drawn=True)
    gaze_table("Gaze drawn anew", [row for video in drawn for row in video])
    blink_table(natural)
    lips = np.array([row.lips for row in rows])
    jaws = np.array([row.face.blendshapes[NAMES.index("jawOpen")] for row in rows])
    opened = np.array([mouth_open(row.face) for row in rows])
    print(
        f"\nlips parted or jaw dropped: r {_r(opened, lips):.2f} with mouth_open, "
        f"{_r(jaws, lips):.2f} with the blendshape jawOpen"
    )
    reader, faces = SignalReader(), [row.face for row in rows[:500]]
    times = timeit.repeat(lambda: [reader.read(0.0, face) for face in faces], number=1)
    print(f"signals of one face: {min(times) / len(faces) * 1e6:.0f} microseconds")


if __name__ == "__main__":
    main()
