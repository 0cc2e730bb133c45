"""Aligned crops on the disk, made by the function that extraction and analysis use.

Backbones are trained on them, with the same alignment as in use. Every image keeps its
relative path and name; frames of videos are numbered from 1.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from wildaffect.core.errors import (
    MissingData,
    OutputError,
    UnreadableVideo,
    WildAffectError,
    unexpected,
)
from wildaffect.core.faces import FrameFaces, Status
from wildaffect.core.files import write_whole
from wildaffect.core.frames import Frame
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.features.crop_sources import claim_crops
from wildaffect.features.extract_sources import CROP_MARGIN
from wildaffect.runtime.network import Device
from wildaffect.video.pixels import is_image_name, read_image
from wildaffect.video.prefetch import prefetch
from wildaffect.video.read import open_source

MARKER = "crops.json"
"""File next to the crops with the crop options."""
JPEG_QUALITY = 95

Tick = Callable[[int], None]
"""Called with the number of images or frames processed so far."""
OnCount = Callable[[str, int, int | None], None]
"""Called with a name, the number of its items that are done, and their total if known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropOptions:
    """Options of cropping."""

    size_px: int = 112
    alignment: str = "arcface_5pt"
    margin: float = CROP_MARGIN
    """Padding of images with repeated border pixels, as a share of their size, so that the
    detector finds tight faces. 0 for full pictures."""
    every_s: float = 0.5
    """Minimum time between two frames of a video."""


def crop_size(folder: Path) -> int | None:
    """Return the side in pixels of the crops in a folder, None if there are none.

    Raises:
        MissingData: If the file with the crop options is damaged.
    """
    path = folder / MARKER
    if not path.is_file():
        return None
    try:
        return TypeAdapter(CropOptions).validate_json(path.read_bytes()).size_px
    except ValidationError:
        raise MissingData(
            f"{path}: must hold the crop options, got something else; cut them again "
            "with wildaffect crop, into another folder"
        ) from None


@dataclass(slots=True, kw_only=True)
class CropCount:
    """Outcome for the images of one folder, or the frames of one video."""

    num_cut: int = 0
    num_before: int = 0
    """Number of crops that existed already."""
    num_faceless: int = 0
    num_unreadable: int = 0
    first_unreadable: str = ""

    def add(self, other: "CropCount") -> None:
        """Add another outcome."""
        self.num_cut += other.num_cut
        self.num_before += other.num_before
        self.num_faceless += other.num_faceless
        self.num_unreadable += other.num_unreadable
        self.first_unreadable = self.first_unreadable or other.first_unreadable


class Cropper:
    """Crops the largest face of any number of images and videos.

    Args:
        output: Folder of the crops; created if missing.
        options: Options of cropping.
        device: Device of the face networks.
    """

    def __init__(self, output: Path, options: CropOptions, device: Device) -> None:
        self._output, self._options = output, options
        self._detector = FaceDetector(device)
        # Mean and deviation have no effect: pixels are stored.
        preprocess = Preprocess(size_px=options.size_px, mean=(0.0,) * 3, std=(1.0,) * 3)
        self._chain = FaceChain(device, preprocesses=(preprocess,))

    @property
    def output(self) -> Path:
        """Folder of the crops."""
        return self._output

    def begin(self) -> None:
        """Create the folder and record the crop options in it.

        Raises:
            OutputError: If it cannot be written, or contains crops with other options.
        """
        path = self._output / MARKER
        wanted = asdict(self._options)
        try:
            self._output.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.read_bytes() != (json.dumps(wanted) + "\n").encode():
                raise OutputError(
                    f"{path}: crops must all be cut in one way, got another before; "
                    "choose another folder with -o"
                )
            write_whole(path, (json.dumps(wanted) + "\n").encode())
        except OSError as error:
            raise OutputError(
                f"{self._output}: crops cannot be written: {error.strerror}"
            ) from error

    def images(self, root: Path, paths: Sequence[Path], tick: Tick) -> CropCount:
        """Crop the faces of images below `root`; existing crops are skipped."""
        count = CropCount()
        targets = [self._output / path.relative_to(root) for path in paths]
        waiting = [i for i, target in enumerate(targets) if not target.exists()]
        count.num_before = len(paths) - len(waiting)
        frames = self._stills([paths[index] for index in waiting], count)
        self._cut(frames, [targets[index] for index in waiting], count, tick)
        return count

    def video(self, path: Path, tick: Tick) -> CropCount:
        """Crop the largest face of frames at least `every_s` apart.

        Raises:
            UnreadableVideo: If it cannot be opened.
        """
        count = CropCount()
        folder = self._output / path.stem
        with open_source(path) as reader:
            seen = prefetch(reader, apply=FrameScanner(self._detector))
            next_s = float("-inf")
            with closing(seen):
                for done, faces in enumerate(self._chain.run(seen), start=1):
                    tick(done)
                    if faces.time_s >= next_s:
                        next_s = faces.time_s + self._options.every_s
                        name = f"{faces.frame_index + 1:05d}.jpg"
                        self._keep(faces, folder / name, count)
        return count

    def _cut(
        self, frames: Iterator[Frame], targets: Sequence[Path], count: CropCount, tick: Tick
    ) -> None:
        seen = prefetch(frames, apply=FrameScanner(self._detector))
        with closing(seen):
            for done, faces in enumerate(self._chain.run(seen), start=1):
                self._keep(faces, targets[faces.frame_index], count)
                tick(done)

    def _stills(self, paths: Sequence[Path], count: CropCount) -> Iterator[Frame]:
        for index, path in enumerate(paths):
            try:
                rgb = read_image(path)
            except UnreadableVideo as error:
                count.num_unreadable += 1
                count.first_unreadable = count.first_unreadable or str(error)
                continue
            rim = round(self._options.margin * max(rgb.shape[:2]))
            yield Frame(
                index=index,
                time_s=float(index),
                rgb=np.pad(rgb, ((rim, rim), (rim, rim), (0, 0)), mode="edge"),
                shot_start=True,
            )

    def _keep(self, seen: FrameFaces, target: Path, count: CropCount) -> None:
        faces = [face for face in seen.faces if face.status != Status.INTERPOLATED]
        if not faces:
            count.num_faceless += 1
            return
        largest = max(faces, key=lambda face: face.face_size_px)
        write_crop(target, largest.crops[0])
        count.num_cut += 1


def write_crop(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a crop atomically, in the format given by its suffix.

    Raises:
        OutputError: If it cannot be written.
    """
    suffix = path.suffix.lower() if path.suffix else ".jpg"
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    encoded = cv2.imencode(suffix, bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encoded.tobytes())
    except OSError as error:
        raise OutputError(f"{path}: crop cannot be written: {error.strerror}") from error


def images_below(root: Path) -> tuple[Path, ...]:
    """Return all images below a folder, at any depth, sorted by name."""
    return tuple(sorted(path for path in root.rglob("*") if is_image_name(path)))


def cut_all(cropper: Cropper, inputs: Sequence[Path], on_count: OnCount) -> CropCount:
    """Crop every input; failed videos are counted.

    Args:
        cropper: Cropper.
        inputs: Folders of images, and videos.
        on_count: Called with the name of an input, and how many of its images are done.

    Raises:
        OutputError: If crops cannot be written.
    """
    cropper.begin()
    claim_crops(cropper.output, inputs)
    total = CropCount()
    for path in inputs:
        try:
            if path.is_dir():
                paths = images_below(path)
                on_image = partial(_count, on_count, path.name, len(paths))
                total.add(cropper.images(path, paths, on_image))
            else:
                on_frame = partial(_count, on_count, path.name, None)
                total.add(cropper.video(path, on_frame))
        except UnreadableVideo as error:
            total.add(CropCount(num_unreadable=1, first_unreadable=str(error)))
        except WildAffectError:
            raise
        except Exception as error:
            reason = unexpected(str(path), error)
            total.add(CropCount(num_unreadable=1, first_unreadable=reason))
    return total


def _count(on_count: OnCount, name: str, total: int | None, done: int) -> None:
    on_count(name, done, total)
