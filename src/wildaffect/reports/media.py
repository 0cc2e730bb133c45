"""The video of a report: linked, embedded, or left out with a reason."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from wildaffect.core.errors import OutputError

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/webm",
    ".ogv": "video/ogg",
}
CODECS = frozenset({"h264", "vp8", "vp9", "av1", "theora", "libdav1d", "libvpx-vp9"})
"""Video that browsers play in these containers; others are left out."""
MAX_EMBEDDED = 200_000_000
"""Bytes of the largest video that is embedded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Address of a video for a page, or the reason why it has none."""

    address: str | None = None
    note: str = ""


def find_media(video: Path | None, codec: str, page: Path, *, embed: bool) -> Media:
    """Return how a page shows the video.

    Args:
        video: Original video; None if the result names none.
        codec: Codec of the video; empty if it is not known.
        page: Path of the page, from which the video is linked.
        embed: Put the video itself into the page.

    Raises:
        OutputError: If a video to embed is missing, too large, or cannot be read.
    """
    if video is None:
        return _without(
            "The result names no video file; the timeline works without it.", embed
        )
    if not video.is_file():
        return _without("The video is not where it was when it was analyzed.", embed)
    kind = TYPES.get(video.suffix.lower())
    if kind is None or (codec and codec not in CODECS):
        what = codec if kind else video.suffix or "no suffix"
        return _without(
            f"Browsers do not play this video ({what}); convert it to H.264 in MP4 and "
            "analyze that.",
            embed,
        )
    if not embed:
        return Media(address=_relative(video, page))
    size = video.stat().st_size
    if size > MAX_EMBEDDED:
        raise OutputError(
            f"{video}: at most {MAX_EMBEDDED / 1e6:.0f} MB can be embedded, got "
            f"{size / 1e6:.0f} MB; leave out --embed-video"
        )
    try:
        content = video.read_bytes()
    except OSError as error:
        raise OutputError(f"{video}: must be readable, got {error.strerror}") from error
    return Media(address=f"data:{kind};base64,{base64.b64encode(content).decode()}")


def _without(note: str, embed: bool) -> Media:
    if embed:
        raise OutputError(f"--embed-video: {note[0].lower()}{note[1:]}")
    return Media(note=note)


def _relative(video: Path, page: Path) -> str:
    """Return the address of a video relative to a page, or absolute on another drive."""
    try:
        path = os.path.relpath(video.resolve(), page.resolve().parent)
    except ValueError:
        return video.resolve().as_uri()
    return quote(path.replace(os.sep, "/"), safe="/")
