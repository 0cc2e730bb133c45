"""Files of this machine that the operator has allowed to be named."""

from collections.abc import Sequence
from pathlib import Path

from wildaffect.serving.errors import ServiceError
from wildaffect.serving.kinds import HEAD_BYTES, check_media


def find_allowed(path: str, folders: Sequence[Path]) -> Path:
    """Return the file that a path names, without links.

    A path is absolute, or relative to an allowed folder. What lies outside is not told from
    what does not exist.

    Raises:
        ServiceError: If it is not a video or image in an allowed folder.
    """
    if not folders:
        raise ServiceError(
            403, "no_local_files", "this service takes uploads only; see --allow"
        )
    for folder in folders:
        top = folder.resolve()
        try:
            found = (top / path).resolve(strict=True)
            if found.is_relative_to(top) and found.is_file():
                with found.open("rb") as file:
                    check_media(file.read(HEAD_BYTES), found.name)
                return found
        except (OSError, ValueError, RuntimeError):  # missing, a loop of links, a zero byte
            continue
    raise ServiceError(
        404, "no_such_file", "no such file in the folders that this service may read"
    )
