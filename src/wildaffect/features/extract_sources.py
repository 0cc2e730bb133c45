"""Sources of an extraction: videos and image folders, with names, digests and frames."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from wildaffect.core.errors import UsageError
from wildaffect.core.feature_rows import ASSUMED_FPS
from wildaffect.core.frames import Frame
from wildaffect.video.expand import expand_inputs
from wildaffect.video.images import list_images
from wildaffect.video.read import VideoReader, open_source
from wildaffect.video.sources import check_readable_file

Images = Literal["crops", "aligned", "sequence"]
"""Content of an image folder: face crops, aligned face crops, or full frames of one
video."""

CROP_MARGIN = 0.25
"""Padding of a crop with repeated border pixels on each side, as a share of its size. The
detector was trained on faces with surroundings: of 50 tight crops of 112 pixels it finds
11, with this padding all, with the same landmarks as in the full picture."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSource:
    """A video, or a folder of images of a video."""

    video: str
    """Name in the store: that of the file without suffix, or the folder's below the
    input."""
    path: Path
    images: Images | None
    """Content of an image folder; None for a video."""

    @property
    def numbering(self) -> Literal["video", "named"]:
        """Return the numbering of the frames."""
        return "named" if self.images else "video"

    @property
    def is_crops(self) -> bool:
        """Return whether each image is one face."""
        return self.images in {"crops", "aligned"}


def find_extract_sources(inputs: Iterable[Path], images: Images) -> list[ExtractSource]:
    """Return the sources in files and folders, also nested ones.

    Raises:
        UsageError: If there are no paths, two sources would have the same name in the
            store, or a folder's images are not named by number.
        UnreadableVideo: If a folder contains neither videos nor images.
    """
    found: dict[str, ExtractSource] = {}
    inputs = tuple(inputs)
    if not inputs:
        raise UsageError("inputs: must be at least one video or folder, got none")
    for given in inputs:
        found_here = expand_inputs([given])
        if found_here.failed:
            raise found_here.failed[0]
        for path in (each.source for each in found_here.sources):
            if not isinstance(path, Path):
                raise UsageError(f"{given}: input must be a file or folder, got {path}")
            source = _source_of(given, path, images)
            other = found.setdefault(source.video, source)
            if other is not source:
                raise UsageError(
                    f"{source.path}: videos must have names of their own in the store, "
                    f"got {source.video!r} for {other.path} too; extract into two stores"
                )
    return list(found.values())


def _source_of(given: Path, source: Path, images: Images) -> ExtractSource:
    if not source.is_dir():
        return ExtractSource(video=source.stem, path=source, images=None)
    _check_numbered(source)
    inside = source.relative_to(given).as_posix()
    video = source.resolve().name if inside == "." else inside
    return ExtractSource(
        video=video.removeprefix("cropped_aligned/"), path=source, images=images
    )


def _check_numbered(folder: Path) -> None:
    numbers: dict[int, Path] = {}
    for path in list_images(folder)[0]:
        match = re.search(r"(\d+)$", path.stem)
        if not match:
            raise UsageError(
                f"{path}: images must be named by frame number, as 00001.jpg, "
                f"got {path.name}"
            )
        other = numbers.setdefault(int(match[1]), path)
        if other is not path:
            raise UsageError(
                f"{path}: frame numbers must be used once in a folder, "
                f"got {int(match[1])} for {other.name} too"
            )


def content_sha256(source: ExtractSource) -> str:
    """Return the hash of a video's bytes, or of the names and bytes of its images.

    Raises:
        UnreadableVideo: If the file is missing, empty or unreadable.
    """
    digest = hashlib.sha256()
    if source.images is None:
        check_readable_file(source.path)
        _feed(digest, source.path)
        return digest.hexdigest()
    digest.update(f"{source.images}\n".encode())
    for path in list_images(source.path)[0]:
        digest.update(f"{path.name}\n{path.stat().st_size}\n".encode())
        _feed(digest, path)
    return digest.hexdigest()


def _feed(digest: "hashlib._Hash", path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)


def open_extract_source(source: ExtractSource) -> VideoReader:
    """Open it for `frames_of`.

    Raises:
        UnreadableVideo: If it cannot be opened or has no frames.
    """
    return open_source(source.path, images="sequence", fps=ASSUMED_FPS)


def frames_of(source: ExtractSource, reader: VideoReader) -> Iterator[Frame]:
    """Yield the frames of a reader of this source.

    Images have their number as index and the time number / `ASSUMED_FPS`. Crops are padded,
    see `CROP_MARGIN`, if the detector runs on them, and each is a separate shot, as the
    next may be much later.
    """
    for frame in reader:
        if source.images is None:
            yield frame
            continue
        is_found_anew = source.images == "crops"
        rim = round(CROP_MARGIN * max(frame.rgb.shape[:2])) if is_found_anew else 0
        yield Frame(
            index=frame.index,
            time_s=frame.index / ASSUMED_FPS,
            rgb=np.pad(frame.rgb, ((rim, rim), (rim, rim), (0, 0)), mode="edge"),
            shot_start=source.is_crops or frame.shot_start,
        )
