"""Recognition of videos and images by their first bytes.

Only these reach FFmpeg: among the formats that it knows are playlists and scripts, which
name other files of this machine. They are text, which FFmpeg looks for up to the first zero
byte, so that a file must have one early, and no key word of theirs before it.
"""

from wildaffect.serving.errors import ServiceError

HEAD_BYTES = 512
_ISO = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Lengths of the header that follows in bitmaps."""
_STARTS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"OggS",
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"\x06\x0e\x2b\x34",  # MXF
    b"\x00\x00\x01",  # MPEG program and elementary streams, H.264, H.265
    b"\x00\x00\x00\x01",
    b"GIF87a",
    b"GIF89a",
    b"\xff\xd8\xff",  # JPEG, motion JPEG
    b"\x89PNG\r\n\x1a\n",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",
)
_RIFF = {b"AVI ", b"WEBP"}
_Y4M = b"YUV4MPEG2 "
"""Its header is text, and the first frame may have no zero byte."""
_TS_PACKETS = ((188, 0), (192, 4))
"""Length of a packet of a transport stream, and the place of its mark."""
_SCRIPTS = (b"#extm3u", b"ffconcat", b"<mpd", b"<assetmap", b"<composition", b"c=in ip")
"""Key words of the text formats of FFmpeg that name other files or addresses."""


def is_media(head: bytes) -> bool:
    """Return whether a file begins as a video or an image."""
    text = head.partition(b"\0")[0].lower()
    if any(word in text for word in _SCRIPTS):
        return False
    is_binary = b"\0" in head and (
        head.startswith(_STARTS)
        or _is_iso(head)
        or (head.startswith(b"RIFF") and head[8:12] in _RIFF)
        or _is_bitmap(head)
        or _is_transport_stream(head)
    )
    return is_binary or head.startswith(_Y4M)


def _is_iso(head: bytes) -> bool:
    """Only `mdat` may have 16 MB and more, and then a size that reads as text."""
    return head[4:8] in _ISO and (head[0] == 0 or head[4:8] == b"mdat")


def _is_bitmap(head: bytes) -> bool:
    length = int.from_bytes(head[14:18], "little")
    return head.startswith(b"BM") and head[6:10] == bytes(4) and length in _BMP_HEADERS


def _is_transport_stream(head: bytes) -> bool:
    return any(
        head[place : place + 1] == b"\x47"
        and head[place + length : place + length + 1] == b"\x47"
        for length, place in _TS_PACKETS
    )


def check_media(head: bytes, name: str) -> None:
    """Refuse a file that does not begin as a video or an image.

    Raises:
        ServiceError: If it does not.
    """
    if not head:
        raise ServiceError(400, "empty", f"{name}: the file is empty")
    if not is_media(head):
        raise ServiceError(
            415,
            "not_media",
            f"{name}: neither a video nor an image of a known format",
        )
