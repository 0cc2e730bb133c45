"""Which faces are found: how small, how tight, how many; and what looking for them costs.

    python benchmarks/finding_faces.py [--photographs FOLDER] [--faceless CLIP_OR_IMAGE ...]

prints the tables of docs/finding-faces.md. Faces are generated, and of the portrait that
ships. With `--photographs` the share of photographs with a face is measured too; with
`--faceless`, how many faces are found in clips and pictures that show none.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FrameFaces, Status
from wildaffect.core.frames import Frame
from wildaffect.demo.clip import PORTRAIT
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import FaceMesh
from wildaffect.faces.scan import FrameScanner
from wildaffect.faces.search import WholePicture
from wildaffect.faces.views import margin_view, tile_levels
from wildaffect.features.crops import images_below
from wildaffect.runtime.network import Device
from wildaffect.synth.plan import PlannedVideo, plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.stream import open_clip, stream_frames
from wildaffect.video.pixels import read_image
from wildaffect.video.read import open_source

Image = NDArray[np.uint8]
FRAMES = ((1280, 720), (1920, 1080), (3840, 2160))
FACE_SIDES = (24, 32, 40, 48, 64, 80)
CROP_SIDES = (32, 48, 64, 96, 112, 224)
PORTRAIT_FACE_PX = 109.0
"""Side of the portrait's face, as `face_size_px` has it."""
CALL_FPS = 10


class Finder:
    """Finds faces in photographs and videos; networks are loaded once."""

    def __init__(self) -> None:
        self.detector, self.chain = FaceDetector(Device()), FaceChain(Device())

    def photographs(self, images: Iterable[Image]) -> list[FrameFaces]:
        """Return the faces of each image, which has nothing to do with the others."""
        return self._run(
            Frame(index=i, time_s=float(i), rgb=rgb, shot_start=True)
            for i, rgb in enumerate(images)
        )

    def video(self, images: Iterable[Image], fps: float) -> list[FrameFaces]:
        """Return the faces of each frame of a video."""
        return self._run(
            Frame(index=i, time_s=i / fps, rgb=rgb) for i, rgb in enumerate(images)
        )

    def _run(self, frames: Iterable[Frame]) -> list[FrameFaces]:
        return list(self.chain.run(map(FrameScanner(self.detector), frames)))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table in Markdown."""
    print("\n| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def people(num: int, size_px: int) -> list[PlannedVideo]:
    """Return a short video of each of some generated people."""
    preset = replace(
        PRESETS["tiny"], people={"test": num}, videos_per_person=1, rows_per_video=2
    )
    return plan_world(preset, seed=5, statistics="balanced", size_px=size_px)


def smallest(finder: Finder) -> None:
    """Faces of one photograph in frames of several sizes."""
    portrait = read_image(PORTRAIT)

    def row(size: tuple[int, int]) -> list[object]:
        shares = []
        for side in FACE_SIDES:
            frame, places = _with_faces(portrait, size, side)
            (found,) = finder.photographs([frame])
            shares.append(f"{len(found.faces)} of {places}")
        tiles = [tiles[0].side for tiles in tile_levels(size[1], size[0])]
        return [f"{size[0]}x{size[1]}", ", ".join(map(str, tiles)), *shares]

    table(
        ["frame", "sides of tiles", *(f"{side} px" for side in FACE_SIDES)],
        map(row, FRAMES),
    )


def _with_faces(portrait: Image, size: tuple[int, int], side: int) -> tuple[Image, int]:
    """Return a gray frame with up to 20 portraits, and how many it has."""
    width, height = size
    tile = round(512 * side / PORTRAIT_FACE_PX)
    small = cv2.resize(portrait, (tile, tile), interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 90, np.uint8)
    rng = np.random.default_rng(side)
    columns, rows = min(5, width // tile), min(4, height // tile)
    cell = width // columns, height // rows
    for place in range(columns * rows):
        left = place % columns * cell[0] + rng.integers(0, cell[0] - tile + 1)
        top = place // columns * cell[1] + rng.integers(0, cell[1] - tile + 1)
        frame[top : top + tile, left : left + tile] = small
    return frame, columns * rows


def tight(finder: Finder) -> None:
    """Aligned crops of generated people, as they are."""
    large = [next(open_clip(video).crops).rgb for video in people(40, max(CROP_SIDES))]

    def row(side: int) -> list[object]:
        crops = [cv2.resize(c, (side, side), interpolation=cv2.INTER_AREA) for c in large]
        found = finder.photographs(crops)
        return [side, len(crops), *_counts(found)]

    table(["side, px", "crops", "found", "of these `ok`"], map(row, CROP_SIDES))


def _counts(frames: Sequence[FrameFaces]) -> tuple[int, int]:
    return (
        sum(bool(frame.faces) for frame in frames),
        sum(any(face.status is Status.OK for face in frame.faces) for frame in frames),
    )


def call_frame(columns: int, rows: int) -> Image:
    """Return a call of generated people at 1280x720."""
    width, height = 1280 // columns, 720 // rows
    frame = np.zeros((720, 1280, 3), np.uint8)
    for place, video in enumerate(people(columns * rows, height // 2)):
        square = next(iter(stream_frames(video))).rgb
        rim = (width - square.shape[1]) // 2
        tile = np.pad(square, ((0, 0), (rim, rim), (0, 0)), mode="edge")
        top, left = place // columns * height, place % columns * width
        frame[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return frame


def calls(finder: Finder) -> None:
    """Group calls as a photograph and as a video whose first frame is black."""

    def row(side: int) -> list[object]:
        frame = call_frame(side, side)
        (still,) = finder.photographs([frame])
        moving = [np.roll(frame, i % 2, 1) for i in range(4 * CALL_FPS)]
        seen = finder.video([np.zeros_like(frame), *moving], CALL_FPS)
        at = [len(seen[round(s * CALL_FPS)].faces) for s in (0.5, 1, 2, 3, 4)]
        return [side * side, len(still.faces), *at]

    header = ["people", "photograph", *(f"video, {s} s" for s in (0.5, 1, 2, 3, 4))]
    table(header, map(row, (3, 4, 5)))


def many_people(finder: Finder) -> None:
    """Pictures with hundreds of faces, and how long they take."""
    portrait = read_image(PORTRAIT)

    def row(side: int) -> list[object]:
        tile = cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA)
        started = time.process_time()
        (found,) = finder.photographs([np.tile(tile, (side, side, 1))])
        return [side * side, len(found.faces), f"{time.process_time() - started:.1f}"]

    table(["faces of 34 px", "found", "CPU s"], map(row, (10, 20)))


def costs(finder: Finder) -> None:
    """CPU time of each look at a frame of 1280x720."""
    frame = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    mesh = FaceMesh(Device())
    first, second = tile_levels(720, 1280)
    looks: dict[str, Callable[[], object]] = {
        "whole frame": lambda: finder.detector(frame),
        f"tile of {first[0].side}": lambda: finder.detector.look(frame, first[0]),
        f"tile of {second[0].side}": lambda: finder.detector.look(frame, second[0]),
        "margin": lambda: finder.detector.look(frame, margin_view(frame.shape)),
        "mesh on the whole picture": lambda: mesh(
            frame, WholePicture(720, 1280, 1.3).region()
        ),
    }
    table(
        ["look", "CPU ms"], ((name, f"{_cpu_ms(run):.2f}") for name, run in looks.items())
    )


def _cpu_ms(run: Callable[[], object], rounds: int = 50) -> float:
    times = []
    for _ in range(rounds):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return 1e3 * float(np.median(times))


def photographs(finder: Finder, folder: Path) -> None:
    """Photographs that each show a face."""
    paths = images_below(folder)
    started = time.process_time()
    found = finder.photographs(map(read_image, paths))
    spent = 1e3 * (time.process_time() - started) / len(paths)
    share = [f"{count / len(paths):.3f}" for count in _counts(found)]
    table(
        ["photographs", "found", "`ok`", "CPU ms each"],
        [[len(paths), *share, f"{spent:.0f}"]],
    )


def faceless(finder: Finder, paths: Sequence[Path]) -> None:
    """Frames without a face, each as a photograph, and all as a video."""

    def row(path: Path) -> list[object]:
        with open_source(path) as reader:
            frames = [frame.rgb for frame in reader]
        as_photographs = sum(len(f.faces) for f in finder.photographs(frames))
        as_video = sum(len(f.faces) for f in finder.video(frames, 30.0))
        return [path.name, len(frames), as_photographs, as_video]

    table(["clip", "frames", "faces, as photographs", "as a video"], map(row, paths))


PARTS = {
    "smallest": smallest,
    "tight": tight,
    "calls": calls,
    "many_people": many_people,
    "costs": costs,
}


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--faceless", type=Path, nargs="*", default=[])
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    finder = Finder()
    for name in options.only:
        PARTS[name](finder)
    if options.photographs:
        photographs(finder, options.photographs)
    if options.faceless:
        faceless(finder, options.faceless)


if __name__ == "__main__":
    main()
