"""Which input each crop of a folder is of, so that no input's crops become another's."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole

SOURCES = ".sources.json"
"""Beside the crops: folder or image of the crops -> absolute path of the input."""


def claim_crops(output: Path, inputs: Sequence[Path]) -> None:
    """Note what is cut into a folder, or refuse what would meet crops of another input.

    A video's crops stand in a folder of its name, those of a folder of images where the
    images stand below it.

    Raises:
        OutputError: If two inputs would write the same crops, now or in an earlier run, or
            the note cannot be written.
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
    source = os.path.abspath(given)  # noqa: PTH100 - also takes out `..`
    for place in _places(given):
        other = known.setdefault(place, source)
        if other != source:
            raise OutputError(
                f"{given}: its crops would stand in {place}, which holds those of {other}; "
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
