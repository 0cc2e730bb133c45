"""Scenes on disk: videos with tables of the ground truth in every frame.

```
DIR/videos/scene0000.mp4     whole frames, 30 per second
DIR/truth/scene0000.csv      a row per frame and person, one per empty frame
DIR/truth/scene0000.npz      the same with landmarks and all action units
DIR/provenance.json
```
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.files import whole_file
from wildaffect.core.npz import write_npz
from wildaffect.core.processes import over_processes
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.synth.dataset import Progress, claim_folder, describe_world
from wildaffect.synth.facs import DRAWN
from wildaffect.synth.landmarks import NAMES
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PEOPLE_PER_SPLIT, SPLIT_NUMBERS
from wildaffect.synth.presets import Preset
from wildaffect.synth.scene import SceneFrame, draw_scene
from wildaffect.synth.scene_truth import Seen
from wildaffect.synth.statistics import StatisticsName
from wildaffect.video.write import VideoWriter

LARGE_EVERY = 3
"""Every third scene has frames twice as high and wide."""
COLUMNS = (
    "frame", "time_s", "shot", "person", "box_x0", "box_y0", "box_x1", "box_y1",
    "pose_yaw_deg", "pose_pitch_deg", "pose_roll_deg", "visible", "head_height_px",
    "valence", "arousal", "expression", *ABAW_ACTION_UNITS.labels,
)  # fmt: skip


def write_scenes(
    folder: Path,
    preset: Preset,
    *,
    seed: int,
    statistics: StatisticsName,
    size_px: int,
    workers: int,
) -> Iterator[Progress]:
    """Write scenes, one per person of the preset's test split; resumable.

    Args:
        folder: Folder of the data set; created if missing.
        preset: Number of people.
        seed: Random seed.
        statistics: Recorded; people in scenes behave in a balanced way.
        size_px: Height of the smaller frames; they are 16 to 9.
        workers: Number of rendering processes.

    Raises:
        OutputError: If the folder contains another data set.
    """
    claim_folder(folder, describe_world(preset, seed, statistics, size_px))
    for name in ("videos", "truth"):
        (folder / name).mkdir(exist_ok=True)
    num = preset.people["test"]
    waiting = [n for n in range(num) if not (folder / f"truth/scene{n:04d}.csv").exists()]
    done = num - len(waiting)
    yield Progress(num_done=done, num_videos=num, num_images=0)
    write = partial(
        write_scene, folder, seed=seed, size_px=size_px, num_frames=preset.rows_per_video
    )
    drawn = 0
    for num_frames in over_processes(write, waiting, workers):
        done, drawn = done + 1, drawn + num_frames
        yield Progress(num_done=done, num_videos=num, num_images=drawn)


def write_scene(
    folder: Path, number: int, *, seed: int, size_px: int, num_frames: int
) -> int:
    """Write one scene and its ground truth, the table last; return the number of frames."""
    height = size_px * (2 if number % LARGE_EVERY == LARGE_EVERY - 1 else 1)
    width = 2 * round(height * 8 / 9)
    first = (seed * 3 + SPLIT_NUMBERS["test"]) * PEOPLE_PER_SPLIT + 10 * number
    name = f"scene{number:04d}"
    frames = draw_scene(
        (seed, number),
        height=height,
        width=width,
        num_frames=num_frames,
        cast=list(range(first, first + 6)),
    )
    kept = write_video(folder / "videos" / f"{name}.mp4", frames, width, height)
    write_truth(folder / "truth" / f"{name}.npz", kept)
    write_table(folder / "truth" / f"{name}.csv", kept)
    return len(kept)


def write_video(
    path: Path, frames: Iterable[SceneFrame], width: int, height: int
) -> list[SceneFrame]:
    """Write the pictures of a scene and return its frames without them."""
    kept = []
    with VideoWriter(path, width=width, height=height, fps_hint=FPS) as video:
        for frame in frames:
            video.write(frame.rgb, frame.index / FPS)
            kept.append(replace(frame, rgb=frame.rgb[:0]))
    return kept


def write_table(path: Path, frames: Sequence[SceneFrame]) -> None:
    """Write the table of the ground truth: a row per frame and person or empty frame."""
    with (
        whole_file(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for frame in frames:
            start = [frame.index, f"{frame.index / FPS:.4f}", frame.shot]
            if not frame.people:
                writer.writerow([*start, *[""] * (len(COLUMNS) - len(start))])
            for seen in frame.people:
                writer.writerow([*start, seen.person_id, *_values(seen)])


def write_truth(path: Path, frames: Sequence[SceneFrame]) -> None:
    """Write all values as arrays, one row per person and frame."""
    write_npz(path, _truth(frames), compressed=True)


def _truth(frames: Sequence[SceneFrame]) -> dict[str, NDArray[Any]]:
    rows = [(frame, seen) for frame in frames for seen in frame.people]
    num = len(rows)
    return {
        "num_frames": np.array(len(frames)),
        "shot_of_frame": np.array([frame.shot for frame in frames]),
        "landmark_names": np.array(NAMES),
        "action_unit_numbers": np.array(DRAWN),
        "frame": np.array([frame.index for frame, _ in rows], np.int64),
        "person": np.array([seen.person_id for _, seen in rows], np.int64),
        "boxes_xyxy": np.array([s.box_xyxy for _, s in rows], np.float32).reshape(num, 4),
        "landmarks_xy": np.array([s.landmarks_xy for _, s in rows], np.float32).reshape(
            num, len(NAMES), 2
        ),
        "pose_deg": np.array([s.pose for _, s in rows], np.float32).reshape(num, 3),
        "visible": np.array([s.visible for _, s in rows], np.float32),
        "valence": np.array([s.valence for _, s in rows], np.float32),
        "arousal": np.array([s.arousal for _, s in rows], np.float32),
        "expression": np.array([s.expression for _, s in rows], np.int64),
        "intensities": np.array([s.intensities for _, s in rows], np.float32).reshape(
            num, len(DRAWN)
        ),
    }


def _values(seen: Seen) -> list[str]:
    numbers = [*seen.box_xyxy, *seen.pose, seen.visible, seen.head_height_px]
    affect = [seen.valence, seen.arousal]
    units = seen.intensities[: len(ABAW_ACTION_UNITS)]
    return [
        *(f"{float(value):.2f}" for value in numbers),
        *(f"{value:.3f}" for value in affect),
        ABAW_EXPRESSIONS.labels[seen.expression],
        *(f"{float(value):.3f}" for value in units),
    ]
