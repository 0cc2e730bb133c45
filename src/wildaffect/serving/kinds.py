"""Recognition of videos and images by their first bytes.

Only these reach FFmpeg: among the formats that it knows are playlists and scripts, which
name other files of this machine.
"""

from wildaffect.serving.errors import ServiceError

HEAD_BYTES = 512
_ISO = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_STARTS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"OggS",
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"YUV4MPEG2 ",
    b"\x06\x0e\x2b\x34",  # MXF
    b"\x00\x00\x01",  # MPEG program and elementary streams, H.264, H.265
    b"\x00\x00\x00\x01",
    b"GIF87a",
    b"GIF89a",
    b"\xff\xd8\xff",  # JPEG, motion JPEG
    b"\x89PNG\r\n\x1a\n",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",
)
_RIFF = {b"AVI ", b"WEBP"}
_TS_PACKETS = ((188, 0), (192, 4))
"""Length of a packet of a transport stream, and the place of its mark."""


def is_media(head: bytes) -> bool:
    """Return whether a file begins as a video or an image."""
    if head[4:8] in _ISO or head.startswith(_STARTS):
        return True
    if head.startswith(b"RIFF"):
        return head[8:12] in _RIFF
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
