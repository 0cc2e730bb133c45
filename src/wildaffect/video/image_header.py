"""Metadata of an image file, read before any of its pixels is decoded."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    WebPImagePlugin,
)

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.tiff import read_pages

MAX_PIXELS = 1 << 28
"""Maximum size of an image that decodes directly to 8-bit RGB: 800 megabytes."""
MAX_WIDE_PIXELS = 1 << 26
"""Maximum size of an image that needs several times its size while decoding: with
transparency, 16 bits, progressive scans, or a codec that works on full pictures."""

BROKEN = (
    *(EOFError, IndexError, KeyError, OSError, OverflowError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, ZeroDivisionError, struct.error),
)
"""Errors that Pillow raises on invalid headers."""
_ORIENTATION = 0x0112

Decoder = Callable[[BinaryIO], ImageFile.ImageFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """Format and size of an image file."""

    format: str
    width: int
    """Stored width, before any orientation is applied."""
    height: int
    num_pictures: int = 1
    """Frames of an animation, or pages."""
    has_alpha: bool = False
    orientation: int = 1
    """EXIF orientation, 1 to 8."""
    is_wide: bool = False
    """Decoding takes several times the memory of the pixels."""

    @property
    def is_animation(self) -> bool:
        """Return whether its pictures are an animation, not pages."""
        return self.num_pictures > 1 and self.format not in ("TIFF", "HEIF")


def read_header(file: BinaryIO, path: Path) -> ImageHeader:
    """Return the header of an image file.

    Raises:
        UnreadableVideo: If it is not an image of a known format, or declares more pixels
            than fit into memory.
    """
    file.seek(0)
    name = _format(file.read(16))
    file.seek(0)
    try:
        header = _tiff_header(file) if name == "TIFF" else _header(name, file)
    except BROKEN as error:
        raise UnreadableVideo(
            path, "not an image of a known format, or damaged; convert it to PNG or JPEG"
        ) from error
    most = MAX_WIDE_PIXELS if header.is_wide or header.has_alpha else MAX_PIXELS
    if header.width * header.height > most:
        raise UnreadableVideo(
            path,
            f"images of this kind must have at most {most} pixels, "
            f"got {header.width}x{header.height}; scale it down",
        )
    return header


def open_picture(name: str, file: BinaryIO) -> ImageFile.ImageFile:
    """Return a Pillow image of one format, independent of Pillow's other formats."""
    if name == "HEIF":
        from pi_heif import HeifImageFile  # noqa: PLC0415 - only for photos of phones

        return HeifImageFile(file)
    return _DECODERS[name](file)


_DECODERS: dict[str, Decoder] = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}
_MARKS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\0\0\0\x0cjP  ": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"}
_BRANDS |= dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), "HEIF")
_BRANDS |= dict.fromkeys((b"hevc", b"hevx"), "HEIF")


def _format(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PPM"
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")


def _header(name: str, file: BinaryIO) -> ImageHeader:
    image: Any = open_picture(name, file)
    file.seek(24)
    is_deep = name == "PNG" and file.read(1) == b"\x10"
    return ImageHeader(
        format=name,
        width=image.width,
        height=image.height,
        num_pictures=getattr(image, "n_frames", 1),
        has_alpha=image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info,
        orientation=_orientation(image.info.get("exif")),
        is_wide=is_deep
        or "progressive" in image.info
        or name in ("AVIF", "HEIF", "JPEG2000"),
    )


def _orientation(exif: Any) -> int:
    tags = Image.Exif()
    tags.load(exif)
    return int(tags.get(_ORIENTATION, 1))


def _tiff_header(file: BinaryIO) -> ImageHeader:
    pages = read_pages(file)
    return ImageHeader(
        format="TIFF",
        width=max(page.width for page in pages),
        height=max(page.height for page in pages),
        num_pictures=len(pages),
        has_alpha=pages[0].has_alpha,
        is_wide=True,
    )
