"""How long a file says it is, to tell a cut-off recording from a complete one.

Sources: ISO/IEC 14496-12 section 4.2 (boxes), the RIFF chapter of Microsoft's "Multimedia
Programming Interface and Data Specifications 1.0" (1991), RFC 8794 section 4 (EBML).
"""

from pathlib import Path
from typing import BinaryIO

_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT_ID = b"\x18\x53\x80\x67"


def declared_size(path: Path) -> int | None:
    """Return the length in bytes that the file's own structure implies.

    MP4 and QuickTime, AVI, Matroska and WebM say so; None for others and where a live
    recorder left it open.
    """
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _boxes(file)[0]
        if head[:4] == b"RIFF":
            return _riff_size(file)
        if head[:4] == _EBML_MAGIC:
            return _segment_end(file)
    return None


def lacks_index(path: Path) -> bool:
    """Return whether this is an MP4 or QuickTime file that was never finished."""
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        return head[4:8] == b"ftyp" and b"moov" not in _boxes(file)[1]


def _boxes(file: BinaryIO) -> tuple[int | None, list[bytes]]:
    position = 0
    kinds: list[bytes] = []
    while True:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return position + len(header), kinds
        kinds.append(header[4:8])
        size = int.from_bytes(header[:4], "big")
        if size == 0:  # to the end of the file
            return None, kinds
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8 or not header[4:8].isalnum():  # trailing bytes that are no box
            return position, kinds
        position += size


def _riff_size(file: BinaryIO) -> int | None:
    position = 0
    while True:
        file.seek(position)
        header = file.read(8)
        size = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF":
            return position or None
        if size == 0:  # the recorder never came back to fill it in
            return None
        position += 8 + size + size % 2


def _segment_end(file: BinaryIO) -> int | None:
    file.seek(4)
    header_size = _vint(file)
    if header_size is None:
        return None
    file.seek(header_size, 1)
    if file.read(4) != _SEGMENT_ID:
        return None
    size = _vint(file)
    return None if size is None else file.tell() + size


def _vint(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    payload = bytes([first[0] & (0xFF >> length)]) + file.read(length - 1)
    value = int.from_bytes(payload, "big")
    return None if value == (1 << (7 * length)) - 1 else value  # all ones: unknown
