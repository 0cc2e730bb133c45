"""Writing of annotation and submission files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write UTF-8 lines atomically, each with a newline.

    Raises:
        OutputError: If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (f"{line}\n".encode() for line in lines))
    except OSError as error:
        raise OutputError(
            f"{path}: the file must be writable, got {error.strerror}"
        ) from None


def float_strings(column: TaskColumn, missing: str) -> list[str]:
    """Return the shortest decimal of each value that reads back as the same float32.

    Raises:
        ValueError: If a valid value is outside [-1, 1] or not a number.
    """
    values, valid = column.values, column.valid
    if not np.all(np.abs(values[valid]) <= 1):
        raise ValueError("valence and arousal must lie in [-1, 1] where they are valid")
    distinct, places = np.unique(values, return_inverse=True)
    spelled = [str(value) for value in distinct.astype(np.float32)]
    return [
        spelled[place] if is_valid else missing
        for place, is_valid in zip(places.tolist(), valid.tolist(), strict=True)
    ]
