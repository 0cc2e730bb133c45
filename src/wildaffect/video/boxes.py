"""The nested parts of MP4, QuickTime and Matroska files, without their content.

Sources: ISO/IEC 14496-12 section 4.2 (boxes), RFC 8794 section 4 (EBML).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_ISO_KINDS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


@dataclass(frozen=True, slots=True)
class Part:
    """A box or element: start of its content and its declared end."""

    kind: bytes
    """Four letters of a box, the identifier of an element."""
    start: int
    stop: int
    """Possibly beyond the end of its parent."""
    is_open: bool = False
    """True if it extends to the end of its parent."""


def is_iso_media(head: bytes) -> bool:
    """Return whether a file that begins with these 12 bytes is MP4 or QuickTime."""
    return head[4:8] in _ISO_KINDS


def whole(file: BinaryIO) -> Part:
    """Return the file itself as the root of its parts."""
    return Part(b"", 0, file.seek(0, 2))


def boxes(file: BinaryIO, parent: Part, *, skip: int = 0) -> Iterator[Part]:
    """Yield the boxes in a box, after `skip` bytes, up to the first invalid box."""
    position = parent.start + skip
    end = min(parent.stop, file.seek(0, 2))
    while end - position >= 8:
        file.seek(position)
        header = file.read(16)
        kind, size, length = header[4:8], int.from_bytes(header[:4], "big"), 8
        if size == 1:
            size, length = int.from_bytes(header[8:16], "big"), 16
        is_open = size == 0
        if is_open:
            size = end - position
        if size < length or not kind.rstrip(b" ").isalnum():
            return
        yield Part(kind, position + length, position + size, is_open)
        position += size


def elements(file: BinaryIO, parent: Part) -> Iterator[Part]:
    """Yield the EBML elements in an element, up to the first invalid element."""
    position = parent.start
    end = min(parent.stop, file.seek(0, 2))
    while position < end:
        file.seek(position)
        first = file.read(1)
        length = 9 - first[0].bit_length() if first else 9
        if length > 4:
            return
        kind = first + file.read(length - 1)
        size = _vint(file)
        if size is None:
            return
        position = file.tell()
        is_open = size < 0
        stop = end if is_open else position + size
        yield Part(kind, position, stop, is_open)
        position = stop


def _vint(file: BinaryIO) -> int | None:
    """Return the size of an element, -1 if it is not known, None if there is none."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    payload = bytes([first[0] & (0xFF >> length)]) + file.read(length - 1)
    value = int.from_bytes(payload, "big")
    return -1 if value == (1 << (7 * length)) - 1 else value
