"""The folder of a service: whose it is, and what in it may be deleted.

The service deletes nothing in a folder that it did not create itself, and nothing that does
not look like a job of its own.
"""

import re
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole

OWNER = "wildaffect-service.txt"
"""File that marks a folder as that of a service."""
INPUT, RESULTS, RECORD = "input", "results", "job.json"
"""What the folder of a job holds."""
_TEXT = b"Folder of `wildaffect serve`, which deletes the jobs in it after their time.\n"
_ID = re.compile(r"[A-Za-z0-9_-]{24}")


def claim_storage(data: Path) -> None:
    """Mark a new or empty folder as that of a service; one that is marked stays as it is.

    Raises:
        OutputError: If it holds something else.
        OSError: If it cannot be written.
    """
    data.mkdir(parents=True, exist_ok=True)
    if (data / OWNER).is_file():
        return
    if any(data.iterdir()):
        raise OutputError(
            f"{data}: must be a new or empty folder, or one of `wildaffect serve`, got one "
            "with other files; choose another with --storage"
        )
    write_whole(data / OWNER, _TEXT)


def is_cut_upload(folder: Path) -> bool:
    """Return whether a folder is that of a job without a record, and holds nothing else."""
    if not _ID.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    for path in folder.iterdir():
        if path.name == f".{RECORD}.part" and path.is_file():
            continue
        if path.name not in {INPUT, RESULTS} or path.is_symlink() or not path.is_dir():
            return False
        files = list(path.iterdir())
        if any(file.is_symlink() or not file.is_file() for file in files):
            return False
        if path.name == INPUT and len(files) > 1:
            return False
    return True
