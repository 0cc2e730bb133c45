"""The pages of a TIFF file, without their pixels.

Source: TIFF 6.0 (Adobe, 1992), sections 2 and 8.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _SAMPLES = 254, 256, 257, 262, 277
_CMYK = 5
_REDUCED, _MASK = 1, 4
"""Bits of a page that is a thumbnail or the mask of another."""
_MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An image of the file."""

    number: int
    """Its index in the file, counting thumbnails and masks."""
    width: int
    height: int
    has_alpha: bool


def read_pages(file: BinaryIO) -> list[Page]:
    """Return the images of a TIFF file that are neither thumbnails nor masks.

    Raises:
        ValueError: If there are none, or the file is invalid.
    """
    file.seek(0)
    order = {b"II": "<", b"MM": ">"}[file.read(2)]
    place = struct.unpack(order + "HI", file.read(6))[1]
    pages: list[Page] = []
    seen: set[int] = set()
    while place and place not in seen and len(seen) < _MAX_PAGES:
        seen.add(place)
        file.seek(place)
        num_entries = struct.unpack(order + "H", _exactly(file, 2))[0]
        tags = _tags(_exactly(file, 12 * num_entries), order)
        if not tags.get(_SUBFILE, 0) & (_REDUCED | _MASK):
            pages.append(
                Page(
                    number=len(seen) - 1,
                    width=tags.get(_WIDTH, 0),
                    height=tags.get(_HEIGHT, 0),
                    has_alpha=tags.get(_SAMPLES, 1) in (2, 4)
                    and tags.get(_PHOTOMETRIC) != _CMYK,
                )
            )
        place = struct.unpack(order + "I", _exactly(file, 4))[0]
    if not pages:
        raise ValueError("no page")
    return pages


def _tags(entries: bytes, order: str) -> dict[int, int]:
    """Return the tags whose value is a single integer."""
    tags = {}
    for tag, kind, count, value in struct.iter_unpack(order + "HHI4s", entries):
        if count == 1 and kind == 3:
            tags[tag] = struct.unpack(order + "H", value[:2])[0]
        elif count == 1 and kind == 4:
            tags[tag] = struct.unpack(order + "I", value)[0]
    return tags


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise ValueError("cut off")
    return data
