"""Models that users added, kept in their data folder as one zip each.

A zip is replaced or removed as a whole, so that any number of processes may add, read and
remove models at once.
"""

import re
import zipfile
from pathlib import Path

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import whole_file
from wildaffect.core.user_data import user_data_folder

SUFFIX = ".zip"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def models_folder() -> Path:
    """Return the user's folder of added models."""
    return user_data_folder("models")


def stored_names() -> tuple[str, ...]:
    """Return the names of the models that the user added."""
    return tuple(sorted(path.stem for path in models_folder().glob(f"[!.]*{SUFFIX}")))


def stored_path(name: str) -> Path | None:
    """Return the file of an added model; None if there is none of this name."""
    if not _NAME.fullmatch(name):
        return None
    path = models_folder() / f"{name}{SUFFIX}"
    return path if path.is_file() else None


def check_new_name(name: str, taken: tuple[str, ...], *, overwrite: bool) -> None:
    """Check that a model may be added under a name.

    Raises:
        UsageError: If the name is not one, belongs to the package, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"name: must be up to 64 letters, digits and ._-, a letter or digit first, "
            f"got {name!r}"
        )
    if name in taken:
        raise UsageError(f"name: {name} is a model of the package; choose another")
    if stored_path(name) and not overwrite:
        raise _taken(name)


def _taken(name: str) -> UsageError:
    return UsageError(
        f"name: {name} is already added; choose another, or pass `overwrite=True`"
    )


def store(name: str, files: dict[str, bytes], *, overwrite: bool) -> Path:
    """Write the files of an artifact as the model of a name, and return its path.

    Raises:
        UsageError: If another process has added one of this name, which is not to be
            replaced.
        OutputError: If it cannot be written.
    """
    path = models_folder() / f"{name}{SUFFIX}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, zipfile.ZipFile(part, "w") as archive:
            for file, content in files.items():
                archive.writestr(zipfile.ZipInfo(file), content)
            if path.exists() and not overwrite:  # the part is locked
                raise _taken(name)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def remove(name: str) -> Path:
    """Remove an added model, and return the path that it had.

    Raises:
        UsageError: If there is none.
        OutputError: If it cannot be removed.
    """
    path = stored_path(name)
    if path is None:
        known = ", ".join(stored_names()) or "none"
        raise UsageError(f"name: no added model {name!r}; added: {known}")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be removed: {error.strerror}") from error
    return path
