"""The folder of a run belongs to one process while it is trained."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import FileBusy, open_part

LOCK = ".training.part"
"""File that a process holds locked while it trains; the lock ends with the process."""


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Create the folder of a run if it is missing, and hold it for this process.

    Raises:
        UsageError: If another process trains in it.
        OutputError: If it cannot be written.
    """
    lock = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = open_part(lock)
    except FileBusy:
        raise UsageError(
            f"{folder}: another process trains in this folder; wait for it to end, or "
            "choose another output folder"
        ) from None
    except OSError as error:
        raise OutputError(
            f"{folder}: the folder of a run must be writable, got {error.strerror}"
        ) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        held.close()


def not_saved(folder: Path, error: Exception) -> OutputError:
    """Return the error of a checkpoint that cannot be written."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    return OutputError(
        f"{folder}: cannot be written: {reason}; free the disk and repeat the command, "
        "which resumes from the last whole checkpoint"
    )
