"""Crop of the stored picture for display, which decoders leave to players.

Sources: ISO/IEC 14496-12 section 12.1.4 (`clap`), RFC 9559 section 5.1.4.1.28 (PixelCrop).
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from wildaffect.video.boxes import (
    EBML_MAGIC,
    Part,
    boxes,
    elements,
    is_iso_media,
    whole,
)
from wildaffect.video.geometry import NO_CROP, Crop

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_TRACKS, _ENTRY, _VIDEO = b"\x16\x54\xae\x6b", b"\xae", b"\xe0"
_TRACK_TYPE, _IS_VIDEO = b"\x83", b"\x01"
_SIDES = {b"\x54\xcc": "left", b"\x54\xbb": "top", b"\x54\xdd": "right"}
_SIDES |= {b"\x54\xaa": "bottom"}


def crops(path: Path) -> list[Crop]:
    """Return the crop of each video track of an MP4, QuickTime or Matroska file.

    In the order of the file and of FFmpeg's streams; empty for other formats.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if is_iso_media(head):
            return list(_iso_crops(file))
        if head.startswith(EBML_MAGIC):
            return list(_matroska_crops(file))
    return []


def _iso_crops(file: BinaryIO) -> Iterator[Crop]:
    for moov in _inside(file, whole(file), b"moov"):
        for media in _inside(file, moov, b"trak", b"mdia"):
            handler = next(_inside(file, media, b"hdlr"), None)
            if handler is None or _read(file, handler, 12)[8:] != b"vide":
                continue
            table = next(_inside(file, media, b"minf", b"stbl", b"stsd"), None)
            entry = None if table is None else next(boxes(file, table, skip=8), None)
            yield NO_CROP if entry is None else _clean_aperture(file, entry)


def _clean_aperture(file: BinaryIO, entry: Part) -> Crop:
    """Return the crop of a visual sample entry; offsets are of the centers."""
    found = [box for box in boxes(file, entry, skip=78) if box.kind == b"clap"]
    data = _read(file, found[0], 32) if found else b""
    if len(data) < 32:
        return NO_CROP
    values = struct.unpack(">IIIIiIiI", data)
    if not all(values[1::2]):
        return NO_CROP
    wide, high, right, down = map(Fraction, values[::2], values[1::2])
    width, height = struct.unpack(">HH", _read(file, entry, 28)[24:])
    x, y = (width - wide) / 2, (height - high) / 2
    return Crop(
        left=max(0, int(x + right)),
        top=max(0, int(y + down)),
        right=max(0, int(x - right)),
        bottom=max(0, int(y - down)),
    )


def _matroska_crops(file: BinaryIO) -> Iterator[Crop]:
    for segment in elements(file, whole(file)):
        for part in elements(file, segment) if segment.kind == _SEGMENT else ():
            if part.kind == _CLUSTER:  # tracks come before
                return
            for entry in elements(file, part) if part.kind == _TRACKS else ():
                track = {element.kind: element for element in elements(file, entry)}
                kind = track.get(_TRACK_TYPE)
                if kind is not None and _read(file, kind, 1) == _IS_VIDEO:
                    yield _pixel_crop(file, track.get(_VIDEO))


def _pixel_crop(file: BinaryIO, video: Part | None) -> Crop:
    sides = {
        _SIDES[element.kind]: int.from_bytes(_read(file, element, 8), "big")
        for element in (() if video is None else elements(file, video))
        if element.kind in _SIDES
    }
    return Crop(**sides)


def _inside(file: BinaryIO, parent: Part, *kinds: bytes) -> Iterator[Part]:
    """Yield the boxes at the end of a path."""
    for box in boxes(file, parent):
        if box.kind == kinds[0]:
            if len(kinds) == 1:
                yield box
            else:
                yield from _inside(file, box, *kinds[1:])


def _read(file: BinaryIO, part: Part, length: int) -> bytes:
    file.seek(part.start)
    return file.read(min(length, part.stop - part.start))
