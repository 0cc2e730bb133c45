"""Hashes of files, which identify the inputs of a result."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFiles(Config):
    """Files that were read, and their hash."""

    name: str
    sha256: str | None
    """Hash of the file, or of names and hashes of several files; None if made in memory."""
    num_files: int


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(name: str, files: Iterable[Path]) -> InputFiles:
    """Return the hash of one file, or of the names and hashes of several.

    Paths that are no files, such as folders, are skipped.
    """
    paths = dict.fromkeys(file for file in files if file.is_file())
    digests = sorted((file.name, file_sha256(file)) for file in paths)
    if not digests:
        return InputFiles(name=name, sha256=None, num_files=0)
    if len(digests) == 1:
        return InputFiles(name=name, sha256=digests[0][1], num_files=1)
    lines = "".join(f"{digest}  {file}\n" for file, digest in digests)
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return InputFiles(name=name, sha256=digest, num_files=len(digests))


def names_sha256(names: Sequence[str]) -> str:
    """Return the hash of names in their order."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
