"""Reading of an image file as upright RGB pixels."""

from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.image_header import (
    BROKEN,
    ImageHeader,
    open_picture,
    read_header,
)
from wildaffect.video.sources import check_readable_file

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".heic", ".heif", ".jpeg", ".jpg", ".jpe", ".jp2", ".pbm", ".pgm"}
    | {".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Suffixes of still images; an animated GIF is a video."""

_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
"""Decoders fill what is missing with gray."""
_LARGE = 1 << 24
"""Number of pixels from which an additional copy matters."""
_ROWS = 256
"""Number of rows to composite on white at a time."""


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an image file, shape (H, W, 3), RGB.

    The orientation is applied. Sixteen bits become eight, gray and CMYK become RGB,
    transparency is composited on white.

    Raises:
        UnreadableVideo: If the file is missing, empty, truncated or not an image, declares
            too many pixels, or has several pictures.
    """
    check_readable_file(path)
    data = path.read_bytes()
    header = _checked_header(data, path)
    if header.width * header.height >= _LARGE and not (header.is_wide or header.has_alpha):
        rgb = _read_large(path, header)
        if rgb is not None:
            return rgb
    return _decode(data, header, path)


def decode_image(data: bytes, path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an image file's content, as `read_image` does.

    Args:
        data: Content of the file.
        path: Path in error messages.

    Raises:
        UnreadableVideo: As `read_image`.
    """
    return _decode(data, _checked_header(data, path), path)


def _checked_header(data: bytes, path: Path) -> ImageHeader:
    header = read_header(BytesIO(data), path)
    if header.num_pictures > 1:
        raise UnreadableVideo(
            path,
            f"holds {header.num_pictures} pictures; analyze it on its own, or save them "
            "one by one",
        )
    end = _END_MARKS.get(header.format)
    if end and data.rfind(end) < 0:
        raise UnreadableVideo(path, "the image is cut off; copy it again")
    return header


def _decode(data: bytes, header: ImageHeader, path: Path) -> NDArray[np.uint8]:
    if header.format in ("AVIF", "HEIF"):
        try:
            return picture_pixels(open_picture(header.format, BytesIO(data)))
        except BROKEN as error:
            raise UnreadableVideo(path, f"not readable as an image ({error})") from error
    encoded = np.frombuffer(data, dtype=np.uint8)
    try:
        return _decoded(encoded, header, path)
    except cv2.error as error:
        raise UnreadableVideo(path, f"not readable as an image ({error.err})") from error


def picture_pixels(image: Any) -> NDArray[np.uint8]:
    """Return the current picture of a Pillow image, upright, RGB, on white."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        rgba = np.asarray(upright.convert("RGBA"))
        return _on_white(rgba[..., [2, 1, 0, 3]])
    return np.array(upright.convert("RGB"))


def to_rgb(stored: NDArray[np.generic] | None, path: Path) -> NDArray[np.uint8]:
    """Return an unconverted OpenCV image as RGB, on white.

    Raises:
        UnreadableVideo: If OpenCV read nothing, or values that are not colors.
    """
    if stored is None:
        raise UnreadableVideo(
            path, "not an image of a known format, or damaged; convert it to PNG or JPEG"
        )
    if stored.dtype not in (np.uint8, np.uint16):
        reason = f"pixels must have 8 or 16 bits, got {stored.dtype}; convert it"
        raise UnreadableVideo(path, reason)
    if stored.ndim == 3 and stored.shape[2] == 4:
        return _on_white(stored)
    pixels = _to_8_bit(stored)
    if pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _decoded(
    encoded: NDArray[np.uint8], header: ImageHeader, path: Path
) -> NDArray[np.uint8]:
    if header.has_alpha or header.format == "TIFF":
        stored = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
        if stored is None or stored.dtype not in (np.uint8, np.uint16) or header.has_alpha:
            return _turned(to_rgb(stored, path), header.orientation)
    rgb = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    if rgb is None:
        return to_rgb(None, path)
    return np.asarray(rgb, dtype=np.uint8)


def _read_large(path: Path, header: ImageHeader) -> NDArray[np.uint8] | None:
    """Decode into preallocated memory, as OpenCV otherwise makes an additional copy."""
    rgb = np.empty((header.height, header.width, 3), np.uint8)
    try:
        return cv2.imread(str(path), rgb, cv2.IMREAD_COLOR_RGB)
    except (cv2.error, UnicodeError):  # a name that is no UTF-8
        return None


def _turned(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (Exif 2.3, section 4.6.4)."""
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def is_image_name(path: Path) -> bool:
    """Return whether a file is a still image by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _to_8_bit(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:
        return (pixels.astype(np.uint16, copy=False) >> 8).astype(np.uint8)
    return pixels.astype(np.uint8, copy=False)


def _on_white(bgra: NDArray[np.generic]) -> NDArray[np.uint8]:
    rgb = np.empty((*bgra.shape[:2], 3), np.uint8)
    for first in range(0, len(bgra), _ROWS):
        rows = _to_8_bit(bgra[first : first + _ROWS])
        alpha = rows[..., 3:].astype(np.uint16)
        color = rows[..., 2::-1].astype(np.uint16) * alpha + 255 * (255 - alpha)
        rgb[first : first + _ROWS] = (color + 127) // 255
    return rgb
