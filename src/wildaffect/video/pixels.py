"""One image file to upright RGB pixels."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.sources import check_readable_file

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".jpe", ".jp2", ".pbm", ".pgm", ".png", ".pnm", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)
"""Names that are taken for still images; an animated GIF is a video."""

_END_MARKS = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""By the first bytes of a file; decoders fill what is missing with grey."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an image file, shape (H, W, 3), RGB.

    The EXIF orientation is applied (files with transparency are taken as stored). Sixteen
    bits become eight, grey and CMYK become RGB, transparency is laid on white.

    Raises:
        UnreadableVideo: If the file is missing, empty, cut off or no image.
    """
    check_readable_file(path)
    return decode_image(path.read_bytes(), path)


def decode_image(data: bytes, path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an image file's content, as `read_image` does.

    Args:
        data: The content.
        path: What errors name.

    Raises:
        UnreadableVideo: If it is cut off or no image.
    """
    for mark, end in _END_MARKS.items():
        if data.startswith(mark) and data.rfind(end) < 0:
            raise UnreadableVideo(path, "the image is cut off; copy it again")
    encoded = np.frombuffer(data, dtype=np.uint8)
    try:
        if _may_be_clear(data):
            stored = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
            if stored is not None and stored.dtype not in (np.uint8, np.uint16):
                reason = f"pixels must have 8 or 16 bits, got {stored.dtype}; convert it"
                raise UnreadableVideo(path, reason)
            if stored is not None and stored.ndim == 3 and stored.shape[2] == 4:
                return _on_white(_to_8_bit(stored))
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise UnreadableVideo(path, f"not readable as an image ({error.err})") from error
    if bgr is None:
        raise UnreadableVideo(
            path, "not an image of a known format, or damaged; convert it to PNG or JPEG"
        )
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def is_image_name(path: Path) -> bool:
    """Return whether a file is taken for a still image by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _may_be_clear(data: bytes) -> bool:
    if data.startswith(b"\x89PNG"):
        return data[25:26] in (b"\4", b"\6") or b"tRNS" in data[:4096]
    return data[:4] in (b"RIFF", b"II*\0", b"MM\0*") or data.startswith(b"BM")


def _to_8_bit(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:
        return (pixels.astype(np.uint16) >> 8).astype(np.uint8)
    return pixels.astype(np.uint8)


def _on_white(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = bgra[..., 3:].astype(np.uint16)
    colour = bgra[..., 2::-1].astype(np.uint16) * alpha + 255 * (255 - alpha)
    return ((colour + 127) // 255).astype(np.uint8)
