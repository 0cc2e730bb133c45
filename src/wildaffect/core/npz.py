"""npz files: written atomically, and read so that few bytes cannot allocate gigabytes."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from wildaffect.core.files import whole_file
from wildaffect.core.zips import BadZip, open_member, open_zip

_SUFFIX = ".npy"
_BAD_HEADER = (SyntaxError, TokenError, TypeError, ValueError, RecursionError, MemoryError)
"""Errors that numpy raises on a corrupted header, found by cutting and flipping bytes."""
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class Npz:
    """An open npz file; arrays are read on demand."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {
            member.filename.removesuffix(_SUFFIX): member for member in archive.infolist()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the arrays, in order."""
        return tuple(self._members)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array.

        Raises:
            BadZip: If there is no array of that name, or its bytes are not those of an
                array.
        """
        if name not in self._members:
            raise BadZip(f"no array {name!r}")
        member = self._members[name]
        with open_member(self._archive, member) as stream:
            return _read(stream, name, member.file_size)


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open an npz file.

    Raises:
        BadZip: If it is damaged; also raised while arrays are read.
        OSError: If it cannot be read.
    """
    with open_zip(path) as archive:
        yield Npz(archive)


def write_npz(
    path: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False
) -> None:
    """Write arrays by name; errors are those of `whole_file`."""
    save = np.savez_compressed if compressed else np.savez
    with whole_file(path) as part, part.open("wb") as file:
        save(file, **arrays)  # type: ignore[arg-type]


def _read(stream: IO[bytes], name: str, size: int) -> NDArray[Any]:
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise BadZip(f"{name} in version {version} of the array format")
    try:
        shape, is_fortran, dtype = _HEADERS[version](stream)
    except _BAD_HEADER as error:
        raise BadZip(f"{name} with a header that is none ({error})") from error
    count = 1
    for length in shape:
        count *= length
    if dtype.hasobject or min(shape, default=0) < 0:
        raise BadZip(f"{name} of {dtype} and shape {shape}")
    if count * dtype.itemsize != size - stream.tell():
        raise BadZip(f"{name} of {dtype} and shape {shape} in {size - stream.tell()} bytes")
    data = bytearray(stream.read())
    values = np.frombuffer(data, dtype, count) if count else np.empty(0, dtype)
    return values.reshape(shape, order="F" if is_fortran else "C")
