"""Images of a folder packed into a few tar files, with random access.

A pack is a folder: uncompressed tar files, readable by `tar xf`, and an index of names,
offsets and sizes. Reading an image is a single system call, from any thread.
"""

import os
import shutil
import tarfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import MissingData, OutputError
from wildaffect.core.names import is_inside
from wildaffect.core.npz import open_npz, write_npz
from wildaffect.features.crops import MARKER, images_below
from wildaffect.video.pixels import decode_image

INDEX = "pack.npz"
_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True, slots=True)
class PackedImage:
    """An image of a pack; its string is a path, for messages."""

    pack: "Pack"
    place: int

    def read(self) -> NDArray[np.uint8]:
        """Return its pixels, shape (H, W, 3), RGB.

        Raises:
            UnreadableVideo: If it is no image.
        """
        return decode_image(self.pack.read(self.place), Path(str(self)))

    def __str__(self) -> str:
        return f"{self.pack.folder}/{self.pack.names[self.place]}"


class _Index(NamedTuple):
    """Index of the N images of a pack."""

    names: tuple[str, ...]
    tars: list[int]
    """Number of the tar file of each image."""
    offsets: list[int]
    sizes: NDArray[np.int64]


class Pack:
    """An open pack; its files are closed with it.

    Attributes:
        folder: Folder of the pack.
        names: Names of its images, relative to the packed folder, in order.
        sizes: Sizes in bytes, shape (N,).

    Raises:
        MissingData: If the index cannot be read, or a tar file is missing or cut off.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            index = _read_index(folder / INDEX)
        except (OSError, ValueError) as error:
            raise MissingData(
                f"{folder / INDEX}: index must be as `wildaffect pack` writes it, got "
                f"{error}; pack the folder again"
            ) from error
        self.names, self._tars, self._offsets, self.sizes = index
        self._files = self._open()

    @cached_property
    def folders(self) -> dict[str, set[str]]:
        """Return the names of the images in each folder; the top folder's name is empty."""
        found: dict[str, set[str]] = {}
        for name in self.names:
            parent, _, own = name.rpartition("/")
            found.setdefault(parent, set()).add(own)
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """Return the position of each name in `names`."""
        return {name: place for place, name in enumerate(self.names)}

    def images(self) -> tuple[PackedImage, ...]:
        """Return all images, in order of their names."""
        return tuple(PackedImage(self, place) for place in range(len(self.names)))

    def read(self, place: int) -> bytes:
        """Return an image's file."""
        size = int(self.sizes[place])
        return os.pread(self._files[self._tars[place]], size, self._offsets[place])

    def _open(self) -> list[int]:
        ends: dict[int, int] = {}
        for tar, offset, size in zip(self._tars, self._offsets, self.sizes, strict=True):
            ends[tar] = max(ends.get(tar, 0), offset + int(size))
        files: list[int] = []
        weakref.finalize(self, _close, files)
        for tar in sorted(ends):
            path = self.folder / _name(tar)
            there = path.stat().st_size if path.is_file() else 0
            if there < ends[tar]:
                raise MissingData(
                    f"{path}: tar file must have at least {ends[tar]} bytes, got {there}; "
                    "copy it again"
                )
            files.append(os.open(path, os.O_RDONLY))
        return files


def open_pack(folder: Path) -> Pack | None:
    """Return the pack in a folder, None if there is none.

    Raises:
        MissingData: If it is damaged.
    """
    return Pack(folder) if (folder / INDEX).is_file() else None


def pack_images(
    root: Path, output: Path, *, tar_bytes: int, tick: Callable[[int, int], None]
) -> int:
    """Pack every image below a folder; the same images give the same bytes.

    Args:
        root: Folder of the images, with their crop options if recorded.
        output: Folder of the pack; an existing index is replaced at the end.
        tar_bytes: Size at which the next tar file begins.
        tick: Called with the number of packed images and the total.

    Returns:
        Number of images.

    Raises:
        MissingData: If there are no images.
        OutputError: If a file cannot be written.
    """
    paths = images_below(root)
    if not paths:
        raise MissingData(f"{root}: no images found")
    names = [path.relative_to(root).as_posix() for path in paths]
    try:
        output.mkdir(parents=True, exist_ok=True)
        rows = list(_write(paths, names, output, tar_bytes, tick))
        places = np.array(rows, np.int64)
        index: dict[str, NDArray[np.generic]] = {
            "names": np.frombuffer("\n".join(names).encode(), np.uint8),
            "tars": places[:, 0],
            "offsets": places[:, 1],
            "sizes": places[:, 2],
        }
        if (root / MARKER).is_file():
            shutil.copyfile(root / MARKER, output / MARKER)
        write_npz(output / INDEX, index)
    except OSError as error:
        raise OutputError(f"{output}: pack cannot be written: {error.strerror}") from error
    return len(paths)


def _write(
    paths: Sequence[Path],
    names: Sequence[str],
    output: Path,
    tar_bytes: int,
    tick: Callable[[int, int], None],
) -> Iterator[tuple[int, int, int]]:
    """Write tar files; yield file number, offset and size of each image."""
    number = done = 0
    while done < len(paths):
        with (output / _name(number)).open("wb") as file:
            while done < len(paths) and file.tell() < tar_bytes:
                data = paths[done].read_bytes()
                info = tarfile.TarInfo(names[done])
                info.size = len(data)
                file.write(info.tobuf(tarfile.GNU_FORMAT))
                yield number, file.tell(), len(data)
                file.write(data + bytes(-len(data) % _BLOCK))
                done += 1
                tick(done, len(paths))
            file.write(bytes(2 * _BLOCK))
        number += 1


def _read_index(path: Path) -> _Index:
    """Read an index.

    Raises:
        OSError, ValueError: If it is damaged.
    """
    with open_npz(path) as index:
        names = tuple(index["names"].tobytes().decode("utf-8").split("\n"))
        numbers = {key: index[key] for key in ("tars", "offsets", "sizes")}
    for key, values in numbers.items():
        if values.dtype != np.int64 or values.shape != (len(names),) or (values < 0).any():
            raise ValueError(
                f"{key} of {values.dtype} and shape {values.shape} for {len(names)} images"
            )
    for name in names:
        if not is_inside(name):
            raise ValueError(f"{name!r}, which leads out of the folder")
    tars, offsets = numbers["tars"].tolist(), numbers["offsets"].tolist()
    return _Index(names, tars, offsets, numbers["sizes"])


def _name(number: int) -> str:
    return f"{number:05d}.tar"


def _close(files: list[int]) -> None:
    for file in files:
        os.close(file)
