"""What a user names on the command line to the sources of a job."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.images import list_images, natural_key
from wildaffect.video.pixels import is_image_name
from wildaffect.video.sources import is_address, is_folder

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2ts", ".m4v"}
    | {".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv"}
    | {".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""Names that are looked for in folders; a file that is named outright may have any name."""

SourceLike = str | Path | int | tuple[Path, ...]
"""A file, a folder of images, an address, a camera number or a list of images."""


def parse_source(source: str | Path | int) -> str | Path | int:
    """Return addresses as text, digits that name no file as cameras, else a path."""
    if isinstance(source, str):
        if is_address(source):
            return source
        if source.isdecimal() and not Path(source).exists():
            return int(source)
        return Path(source)
    return source


def expand_inputs(
    paths: Iterable[str | Path | int], *, images: Literal["stills", "sequence"] = "stills"
) -> list[SourceLike]:
    """Return one source per result: folders of videos are taken apart, nested ones too.

    Each folder that holds images directly is one source. Image files named one by one are a
    source each; as a "sequence" they are one video, in the order given. Hidden files and
    folders are passed over. Files that are named outright are not looked at here.

    Raises:
        UnreadableVideo: If nothing was named, a folder cannot be listed, or holds neither
            videos nor images.
    """
    sources: list[SourceLike] = []
    loose: list[Path] = []
    for source in map(parse_source, paths):
        if isinstance(source, Path) and is_folder(source):
            sources.extend(_folder_sources(source))
        elif images == "sequence" and isinstance(source, Path) and is_image_name(source):
            loose.append(source)
        else:
            sources.append(source)
    if loose:
        sources.append(tuple(loose) if len(loose) > 1 else loose[0])
    if not sources:
        raise UnreadableVideo("input", "nothing was named; name a video, image or folder")
    return sources


def _folder_sources(folder: Path) -> list[SourceLike]:
    sources: list[SourceLike] = []

    def refuse(error: OSError) -> None:
        reason = f"the folder cannot be listed ({error.strerror}); check its owner"
        raise UnreadableVideo(error.filename or folder, reason) from error

    for parent, folders, _ in os.walk(folder, onerror=refuse):
        here = Path(parent)
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".")),
            key=lambda name: natural_key(Path(name)),
        )
        found, others = list_images(here)
        if found:
            sources.append(here)
        sources.extend(path for path in others if path.suffix.lower() in VIDEO_SUFFIXES)
    if not sources:
        raise UnreadableVideo(folder, "the folder holds neither videos nor images")
    return sources
