"""Folders for files on their way from and to remote storage, removed after each job."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.core.files import FileBusy, LocksUnsupported, open_locked

_PREFIX = "wildaffect-stage-"
_LOCK = ".lock"
_SPARE_BYTES = 256 << 20
"""Free disk space beside a downloaded file."""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder below `TMPDIR`; it is removed afterwards.

    Folders of processes that were killed are removed first: a process holds the lock in its
    folder.
    """
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(LocksUnsupported):
                stack.enter_context(open_locked(folder / _LOCK))
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_space(folder: Path, size: int | None, name: str) -> None:
    """Check that a file fits onto the disk.

    Raises:
        OutputError: If it does not.
    """
    free = shutil.disk_usage(folder).free
    if size is not None and size + _SPARE_BYTES > free:
        raise OutputError(
            f"{name}: {size >> 20} MiB do not fit into {folder.parent}, which has "
            f"{free >> 20} MiB left; set TMPDIR to a larger disk"
        )


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # A folder without a lock may have been made just now.
        with contextlib.suppress(OSError, FileBusy):
            if (folder / _LOCK).exists():
                with open_locked(folder / _LOCK):
                    shutil.rmtree(folder, ignore_errors=True)
