"""An annotated picture of one still image."""

from pathlib import Path

import cv2

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import write_whole
from wildaffect.outputs.overlay.canvas import Image

SUFFIXES = (".png", ".jpg", ".jpeg")


def write_picture(path: Path, rgb: Image) -> None:
    """Write a rendered frame as PNG or JPEG, atomically.

    Raises:
        UsageError: If the suffix is neither.
        OutputError: If the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: picture must end in one of {', '.join(SUFFIXES)}, got {path.suffix!r}"
        )
    options = [] if suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, 95]
    _, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    try:
        write_whole(path, data.tobytes())
    except OSError as error:
        raise OutputError(
            f"{path}: picture must be writable, got {error.strerror}; "
            "free the disk or choose another place"
        ) from error
