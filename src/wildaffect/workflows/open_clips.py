"""Clips of open data sets on disk: which are there, and whether they are whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import MissingData, UsageError
from wildaffect.data.annotated import read_annotated
from wildaffect.data.check_images import find_image_folder
from wildaffect.formats.detect import Found, detect

MAX_MISSING_SHARE = 0.01
"""Maximum share of clips that may be missing, or cannot be read."""
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClips:
    """Clips of the splits that something is trained and scored on."""

    layout: Found
    files: tuple[Path, ...]
    """Clips that are there."""
    missing: tuple[str, ...]
    """Names of clips that are not."""


def find_open_clips(data: Path, splits: Sequence[str]) -> OpenClips:
    """Return the clips of a data set whose labels are of whole clips.

    Raises:
        MissingData: If there is no known layout or no folder of clips, more than 1 % of the
            clips are missing, or a clip is a pointer of Git LFS instead of a video.
        UsageError: If the labels are not of whole clips.
    """
    found = detect(data)[0]
    read = [
        read_annotated(data, layout=found.format.name, split=split).annotations
        for split in splits
    ]
    for annotations in read:
        if not annotations.clip_level:
            raise UsageError(
                f"{data}: labels must be of whole clips, as those of CREMA-D, got "
                f"{found.format.title}"
            )
    base = found.splits[splits[0]]
    base = base if base.is_dir() else base.parent
    candidates = [
        place / name
        for place in (data, base, base.parent)
        for name in found.format.image_folders
    ]
    folder = find_image_folder(read[0], candidates)
    names = list(dict.fromkeys(name for each in read for name in each.images))
    if folder is None:
        raise MissingData(
            f"{data}: clips such as {names[0]} must lie in "
            f"{' or '.join(map(repr, found.format.image_folders))}, got none; "
            "see docs/data.md"
        )
    files = [folder / name for name in names]
    present = tuple(file for file in files if file.is_file())
    _check_whole(present)
    missing = tuple(file.name for file in files if not file.is_file())
    if len(missing) > MAX_MISSING_SHARE * len(files):
        raise MissingData(
            f"{folder}: {len(missing):,} of {len(files):,} clips are missing, the limit is "
            f"{MAX_MISSING_SHARE:.0%}; the first is {missing[0]}"
        )
    return OpenClips(layout=found, files=present, missing=missing)


def _check_whole(files: Sequence[Path]) -> None:
    pointers = [file for file in files if is_pointer(file)]
    if pointers:
        raise MissingData(
            f"{pointers[0]}: clip must be a video, got a pointer of Git LFS "
            f"({len(pointers):,} of {len(files):,} clips); run git lfs pull in its folder"
        )


def is_pointer(file: Path) -> bool:
    """Return whether a file is a pointer of Git LFS to content that was not fetched."""
    with file.open("rb") as opened:
        return opened.read(len(_POINTER)) == _POINTER
