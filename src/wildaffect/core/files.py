"""Atomic file writes: a file appears complete or not at all, also after a crash.

A file is written as a `.part` next to its final name. The part is locked while a process
writes it, so that no other process does. The lock ends with the process, so that the part
of a killed process can be taken over. When the content is on the disk, the part is renamed.
"""

import contextlib
import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO
from uuid import uuid4

from wildaffect.core.errors import OutputError

LONGEST_NAME_BYTES = 255
"""Maximum length of a file name on common file systems."""
_POLL_S = 0.05
_WAIT_S = 60.0
"""Time that a writer waits for another writer of the same file."""
_UNSUPPORTED = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL}


class FileBusy(BlockingIOError):
    """Another process writes this file now."""


def make_folder(folder: Path) -> None:
    """Create a folder for results if it is missing.

    Raises:
        OutputError: If it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: output folder must be writable, got {error.strerror}; "
            "choose another place with -o"
        ) from error


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield the part to write; it is renamed to `path` when the block succeeds.

    If the block raises, the part is removed and an existing file at `path` stays. Processes
    that write the same file wait for each other.

    Raises:
        OSError: If the place cannot be written.
        FileBusy: If another process has been writing the file for a minute.
    """
    part = part_of(path)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(open_locked(part, wait_s=_WAIT_S)).truncate(0)
        except LocksUnsupported:
            part = part.with_name(f".{uuid4().hex}.part")
        try:
            yield part
            publish(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file from bytes or from chunks; errors are those of `whole_file`."""
    with whole_file(path) as part, part.open("wb") as file:
        for piece in (content,) if isinstance(content, bytes) else content:
            file.write(piece)


def publish(part: Path, path: Path) -> None:
    """Rename a finished part, a file or a folder, to its final name once it is on the disk.

    Raises:
        OSError: If it cannot be written to the disk.
    """
    for inside in part.rglob("*") if part.is_dir() else ():
        _sync(inside)
    _sync(part)
    part.replace(path)
    with contextlib.suppress(OSError):  # it is complete, and not every system syncs names
        _sync(path.parent)


def _sync(path: Path) -> None:
    """Sync a file, or the list of names in a folder, to the disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # folders cannot be opened there
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_part(part: Path) -> IO[bytes]:
    """Open a part for appending over a long time, unbuffered.

    It is locked until it is closed, on file systems that have locks.

    Raises:
        FileBusy: If another process writes it.
        OSError: If it cannot be written.
    """
    try:
        return open_locked(part)
    except LocksUnsupported:
        return part.open("ab", buffering=0)


class LocksUnsupported(OSError):
    """The file system, or the operating system, has no locks that end with a process."""


def open_locked(part: Path, *, wait_s: float = 0.0) -> IO[bytes]:
    """Open a part for appending, locked against other processes until it is closed.

    Args:
        part: Path of the part; a part of a process that has ended is taken over.
        wait_s: Maximum time to wait for another process.

    Raises:
        FileBusy: If another process writes it.
        LocksUnsupported: If the file system or operating system has no such locks.
        OSError: If it cannot be written.
    """
    until_s = time.monotonic() + wait_s
    while True:
        file = part.open("ab", buffering=0)
        try:
            is_locked = _try_lock(file)
            if is_locked and _is_at(file, part):
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        if is_locked:
            continue  # it was published or removed since it was opened
        if time.monotonic() >= until_s:
            raise FileBusy(errno.EBUSY, "another process is writing it", str(part))
        time.sleep(_POLL_S)


def _try_lock(file: IO[bytes]) -> bool:
    if sys.platform == "win32":
        raise LocksUnsupported(errno.ENOTSUP, "no locks that end with a process")
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise LocksUnsupported(error.errno, error.strerror) from None
    return True


def _is_at(file: IO[bytes], part: Path) -> bool:
    """Return whether the part still exists, not yet under its final name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), part.stat())
    except FileNotFoundError:
        return False


def part_of(path: Path) -> Path:
    """Return the path of the part that `whole_file` writes."""
    name = f".{path.name}.part"
    if len(os.fsencode(name)) > LONGEST_NAME_BYTES:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}.part"
    return path.with_name(name)
