"""A generated data set in the layout of s-Aff-Wild2 and of the three single-task tracks.

```
DIR/training_set_annotations.txt  validation_set_annotations.txt  test_set_annotations.txt
DIR/MTL_Challenge_test_set_release.txt     frames that a submission must predict
DIR/VA_test_set_sample.txt  EXPR_...  AU_...     the same for the single-task tracks
DIR/cropped_aligned/VIDEO/00001.jpg        aligned crops of annotated frames
DIR/videos/VIDEO.mp4                       on request: every full frame, 30 per second
DIR/VA_Estimation_Challenge/Train_Set/VIDEO.txt ... EXPR_..., AU_...
DIR/exact.npz                              latent truth, never inside the annotations
DIR/provenance.json                        what made it
```
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import OutputError
from wildaffect.core.files import part_of, write_whole
from wildaffect.core.npz import write_npz
from wildaffect.core.processes import over_processes
from wildaffect.core.version import __version__
from wildaffect.formats.affwild2_au import write_au
from wildaffect.formats.affwild2_expr import write_expr
from wildaffect.formats.affwild2_mtl import write_mtl
from wildaffect.formats.affwild2_va import write_va
from wildaffect.formats.frame_lists import HEADERS, Track
from wildaffect.formats.text import write_lines
from wildaffect.synth.exact import NAME as EXACT
from wildaffect.synth.exact import Truth, exact_truth, write_exact
from wildaffect.synth.landmarks import NAMES
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PlannedVideo, annotations_of, plan_world
from wildaffect.synth.presets import Preset
from wildaffect.synth.statistics import StatisticsName
from wildaffect.synth.stream import Clip, open_clip, stream_frames
from wildaffect.synth.whole import SIDES_PER_CROP
from wildaffect.video.write import VideoWriter

Files = Literal["crops", "videos", "both"]
FORMAT_VERSION = 3
JPEG_QUALITY = 92
IMAGES, VIDEOS, PARTS = "cropped_aligned", "videos", "exact"
MTL_FILES = {
    "train": "training_set_annotations.txt",
    "val": "validation_set_annotations.txt",
    "test": "test_set_annotations.txt",
}
TRACK_SPLITS = {"train": "Train_Set", "val": "Validation_Set", "test": "Test_Set"}
TEST_LIST = "MTL_Challenge_test_set_release.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of the generation."""

    num_done: int
    num_videos: int
    num_images: int
    """Number of images rendered by this run."""


def write_world(
    folder: Path,
    preset: Preset,
    *,
    seed: int,
    statistics: StatisticsName,
    size_px: int,
    workers: int,
    files: Files = "crops",
) -> Iterator[Progress]:
    """Write a data set and yield after each video; resumable.

    Args:
        folder: Folder of the data set; created if missing.
        preset: Size of the data set; not `scenes`, which `scene_files` writes.
        seed: Random seed.
        statistics: Frequencies of expressions, action units and events.
        size_px: Side of the crops.
        workers: Number of rendering processes; 1 renders in this process.
        files: Pictures to render; crops are the same with and without videos.

    Raises:
        OutputError: If the folder contains another data set.
    """
    videos = plan_world(preset, seed=seed, statistics=statistics, size_px=size_px)
    described = describe_world(preset, seed, statistics, size_px)
    claim_folder(folder, {**described, "files": files})
    write_labels(folder, videos, statistics)
    waiting = [video for video in videos if not _part(folder, video).exists()]
    if (folder / EXACT).exists():
        waiting = []
    done, drawn = len(videos) - len(waiting), 0
    yield Progress(num_done=done, num_videos=len(videos), num_images=drawn)
    for num_images in over_processes(
        partial(draw_video, folder, files=files), waiting, workers
    ):
        done, drawn = done + 1, drawn + num_images
        yield Progress(num_done=done, num_videos=len(videos), num_images=drawn)
    if not (folder / EXACT).exists():
        _write_exact(folder, videos)
    if (folder / PARTS).exists():
        shutil.rmtree(folder / PARTS)


def draw_video(folder: Path, video: PlannedVideo, *, files: Files) -> int:
    """Render the pictures of a video, write their ground truth, return their number."""
    cv2.setNumThreads(1)
    clip = open_clip(video)
    truth: dict[str, NDArray[np.float32]] = {}
    num_images = 0
    if files != "videos":
        truth["landmarks_xy"] = _draw_crops(folder / IMAGES / video.name, clip)
        num_images += len(clip)
    if files != "crops":
        points = _draw_frames(folder / VIDEOS / f"{video.name}.mp4", video)
        truth["video_landmarks_xy"] = points[video.frame_numbers - 1]
        num_images += len(points)
    part = _part(folder, video)
    part.parent.mkdir(exist_ok=True)
    write_npz(part, truth)
    return num_images


def _draw_crops(folder: Path, clip: Clip) -> NDArray[np.float32]:
    """Write an image per annotated frame; return their named points, shape (N, 28, 2)."""
    folder.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    points = []
    for number, crop in zip(clip.frame_number, clip.crops, strict=True):
        path = folder / f"{number:05d}.jpg"
        if not cv2.imwrite(str(path), crop.rgb[..., ::-1], quality):
            raise OutputError(f"{path}: cannot be written; is the disk full?")
        points.append(crop.landmarks_xy)
    return np.stack(points)


def _draw_frames(path: Path, video: PlannedVideo) -> NDArray[np.float32]:
    """Write a video of every frame; return their named points, shape (T, 28, 2)."""
    path.parent.mkdir(exist_ok=True)
    side = SIDES_PER_CROP * video.size_px
    points = []
    with VideoWriter(path, width=side, height=side, fps_hint=FPS) as file:
        for index, frame in enumerate(stream_frames(video)):
            file.write(frame.rgb, index / FPS)
            points.append(frame.landmarks_xy)
    return np.stack(points)


def _part(folder: Path, video: PlannedVideo) -> Path:
    return folder / PARTS / f"{video.name}.npz"


def describe_world(
    preset: Preset, seed: int, statistics: StatisticsName, size_px: int
) -> dict[str, object]:
    """Return the provenance needed to reproduce the data set."""
    return {
        "made_by": f"wildaffect {__version__}, generated world {FORMAT_VERSION}",
        "preset": preset.name,
        "seed": seed,
        "statistics": statistics,
        "size_px": size_px,
        "people": preset.people,
        "videos_per_person": preset.videos_per_person,
        "rows_per_video": preset.rows_per_video,
        "note": "Generated people. No evidence of accuracy on real ones.",
        "license": "CC0-1.0 (head data: MakeHuman, Mika Suominen; see the data sheet)",
    }


def claim_folder(folder: Path, provenance: dict[str, object]) -> None:
    """Record this data set in the folder, or check that it belongs to it.

    Raises:
        OutputError: If it contains something else.
    """
    path = folder / "provenance.json"
    text = json.dumps(provenance, indent=2) + "\n"
    if path.exists() and path.read_text() != text:
        raise OutputError(
            f"{folder}: the folder must be empty or hold the same world, got another "
            "provenance.json; choose another folder"
        )
    if (
        not path.exists()
        and folder.exists()
        and any(item.name != part_of(path).name for item in folder.iterdir())
    ):
        raise OutputError(
            f"{folder}: the folder must be empty or hold the same world, got other files; "
            "choose another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())


def write_labels(
    folder: Path, videos: Sequence[PlannedVideo], statistics: StatisticsName
) -> None:
    """Write annotations of all layouts and the official lists."""
    for split, name in MTL_FILES.items():
        part = [video for video in videos if video.split == split]
        if not part:
            continue
        source = f"generated {statistics} {split}"
        rows = annotations_of(part, source=source, with_repeats=True)
        write_mtl(rows, folder / name)
        once = annotations_of(part, source=source, with_repeats=False)
        where = TRACK_SPLITS[split]
        for track, write in (
            ("VA_Estimation_Challenge", write_va),
            ("EXPR_Recognition_Challenge", write_expr),
            ("AU_Detection_Challenge", write_au),
        ):
            (folder / track / where).mkdir(parents=True, exist_ok=True)
            write(once, folder / track / where)
        if split == "test":
            _write_lists(folder, repeated=rows.images, once=once.images)


def _write_lists(folder: Path, *, repeated: Sequence[str], once: Sequence[str]) -> None:
    for track, header in HEADERS.items():
        is_mtl = track is Track.MTL
        name = TEST_LIST if is_mtl else f"{track.upper()}_test_set_sample.txt"
        images = repeated if is_mtl else once
        write_lines(folder / name, [header, *(f"{image}," for image in images)])


def _write_exact(folder: Path, videos: Sequence[PlannedVideo]) -> None:
    truths: list[Truth] = []
    for video in videos:
        with np.load(_part(folder, video)) as drawn:
            truths.append(exact_truth(video) | {name: drawn[name] for name in drawn.files})
    write_exact(folder, videos, truths, landmark_names=NAMES)
