"""Declared length of a file, to distinguish a truncated recording from a complete one.

Source: the RIFF chapter of Microsoft's "Multimedia Programming Interface and Data
Specifications 1.0" (1991); for other formats see `boxes`.
"""

from pathlib import Path
from typing import BinaryIO

from wildaffect.video.boxes import EBML_MAGIC, boxes, elements, is_iso_media, whole

_SEGMENT = b"\x18\x53\x80\x67"


def declared_size(path: Path) -> int | None:
    """Return the length in bytes that the file declares.

    MP4 and QuickTime, AVI, Matroska and WebM declare it; None for others and if a live
    recorder left it open.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if is_iso_media(head):
            return _boxes_end(file)
        if head[:4] == b"RIFF":
            return _riff_size(file)
        if head[:4] == EBML_MAGIC:
            return _segment_end(file)
    return None


def lacks_index(path: Path) -> bool:
    """Return whether this is an MP4 or QuickTime file that was never finished."""
    with path.open("rb") as file:
        head = file.read(12)
        return head[4:8] == b"ftyp" and b"moov" not in [
            box.kind for box in boxes(file, whole(file))
        ]


def _boxes_end(file: BinaryIO) -> int | None:
    end = 0
    for box in boxes(file, whole(file)):
        if box.is_open:
            return None
        end = box.stop
    return end


def _riff_size(file: BinaryIO) -> int | None:
    position = 0
    while True:
        file.seek(position)
        header = file.read(8)
        size = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF":
            return position or None
        if size == 0:  # never filled in by the recorder
            return None
        position += 8 + size + size % 2


def _segment_end(file: BinaryIO) -> int | None:
    for element in elements(file, whole(file)):
        if element.kind == _SEGMENT:
            return None if element.is_open else element.stop
    return None
