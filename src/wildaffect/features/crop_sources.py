"""Record of the input of each crop in a folder, to prevent collisions."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole

SOURCES = ".sources.json"
"""File next to the crops: folder or image of the crops -> absolute path of the input."""


def claim_crops(output: Path, inputs: Sequence[Path]) -> None:
    """Record the input of a crop folder; reject inputs that collide with another.

    A video's crops are in a folder of its name; those of an image folder keep the relative
    paths of the images.

    Raises:
        OutputError: If two inputs would write the same crops, now or in an earlier run, or
            the record cannot be written.
    """
    path = output / SOURCES
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "{}"
        known: dict[str, str] = json.loads(text)
        for given in inputs:
            _claim(known, given)
        write_whole(path, (json.dumps(known, indent=1) + "\n").encode())
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path}: the note of what was cut cannot be kept ({error}); choose another "
            "folder with -o"
        ) from error


def _claim(known: dict[str, str], given: Path) -> None:
    source = os.path.abspath(given)  # noqa: PTH100 - also resolves `..`
    for place in _places(given):
        other = known.setdefault(place, source)
        if other != source:
            raise OutputError(
                f"{given}: its crops would go to {place}, which holds those of {other}; "
                "choose another folder with -o"
            )


def _places(given: Path) -> list[str]:
    """Return the folders that an input writes to, below the output."""
    if not given.is_dir():
        return [given.stem]
    inside = {
        Path(folder).relative_to(given).as_posix()
        for folder, _, files in os.walk(given)
        if files
    }
    return sorted(inside)
