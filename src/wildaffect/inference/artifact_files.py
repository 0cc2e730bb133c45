"""Access to the files of an artifact in a folder or zip; only requested files are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from zipfile import ZipFile, ZipInfo, is_zipfile

from wildaffect.core.errors import BadArtifact
from wildaffect.core.zips import BadZip, open_member, open_zip
from wildaffect.runtime.onnx_writer import MAX_ONNX_BYTES

MAX_MANIFEST_BYTES = 4 << 20
MAX_NETWORK_BYTES = MAX_ONNX_BYTES


class ArtifactFiles(Protocol):
    """Location of an artifact's files."""

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """Return a file's bytes, None if there is no such file.

        Raises:
            BadArtifact: If it has more than `max_bytes`, or cannot be read.
        """
        ...


@contextmanager
def open_files(path: Path, also: Path | None = None) -> Iterator[ArtifactFiles]:
    """Open an artifact's folder or zip.

    Args:
        path: Folder or zip.
        also: Folder of files that a folder does not have.

    Raises:
        BadArtifact: If it is neither, or a zip is damaged or unusual; also raised while it
            is read.
    """
    if path.is_dir():
        yield _Folder(path, also)
        return
    if not path.is_file() or not is_zipfile(path):
        raise BadArtifact(
            f"{path}: an artifact must be a folder or a zip, got another file"
        )
    try:
        with open_zip(path) as archive:
            yield _Zip(path, archive)
    except BadZip as error:
        raise BadArtifact(
            f"{path}: an artifact's zip must be whole and plain, got {error}; export it "
            "again"
        ) from error
    except OSError as error:
        raise BadArtifact(f"{path}: must be readable, got {error.strerror}") from error


class _Folder:
    def __init__(self, folder: Path, also: Path | None) -> None:
        self._folder, self._also = folder, also

    def read(self, name: str, max_bytes: int) -> bytes | None:
        path = self._folder / name
        if not path.is_file() and self._also:
            path = self._also / name
        if not path.is_file():
            return None
        try:
            _check_size(path, path.stat().st_size, max_bytes)
            return path.read_bytes()
        except OSError as error:
            raise BadArtifact(f"{path}: must be readable, got {error.strerror}") from error


class _Zip:
    def __init__(self, path: Path, archive: ZipFile) -> None:
        self._path, self._archive = path, archive
        self._members: dict[str, list[ZipInfo]] = {}
        for member in archive.infolist():
            self._members.setdefault(Path(member.filename).name, []).append(member)

    def read(self, name: str, max_bytes: int) -> bytes | None:
        found = self._members.get(name, [])
        if not found:
            return None
        if len(found) > 1:
            raise BadArtifact(f"{self._path}: must hold {name} once, got {len(found)}")
        _check_size(self._path / name, found[0].file_size, max_bytes)
        with open_member(self._archive, found[0]) as stream:
            return stream.read()


def _check_size(path: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise BadArtifact(f"{path}: must have at most {max_bytes:,} bytes, got {size:,}")
