"""Search for a layout below a folder without listing millions of images."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from wildaffect.core.errors import MissingData, UsageError

_IMAGE_FOLDERS = {
    "aligned",
    "crops",
    "cropped",
    "cropped_aligned",
    "cropped_aligned_images",
    "images",
    "manually_annotated_images",
    "original",
    "videos",
}
_DEPTH = 3
_HEAD_BYTES = 4096


def walk_folders(root: Path, depth: int = _DEPTH) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder down to `depth` with its file names, nearest and sorted first.

    Folders of images or videos, by their name, are not entered.
    """
    level = [root]
    for step in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            files, folders = _list(folder)
            yield folder, files
            if folder.name.lower() not in _IMAGE_FOLDERS or step == 0:
                below += [folder / name for name in folders]
        level = [path for path in below if path.name.lower() not in _IMAGE_FOLDERS]


def find_named(root: Path, files: Mapping[str, str]) -> dict[str, Path]:
    """Return split -> file for the names in `files`; the nearest to `root` wins.

    Raises:
        UsageError: If two are equally near, in different folders.
    """
    found: dict[str, Path] = {}
    if root.is_file():
        return {files[root.name]: root} if root.name in files else {}
    for folder, names in walk_folders(root):
        for name, split in files.items():
            if name in names:
                nearest = found.setdefault(split, folder / name)
                _check_nearest(root, nearest, folder / name)
    return found


def find_lists(
    root: Path, files: Mapping[str, str], is_list: Callable[[str], bool]
) -> dict[str, Path]:
    """Return split -> file of the nearest folder with lists of a data set.

    Args:
        root: Folder, or one of the files.
        files: Name of each list -> its split, the list to train on first. If that one is
            there, all are returned: see `check_list`.
        is_list: Whether the first line of a file is that of such a list.

    Raises:
        UsageError: If two folders with such lists are equally near.
    """
    if root.is_file():
        known = root.name in files and is_list(_first_line(root))
        return {files[root.name]: root} if known else {}
    found: dict[str, Path] = {}
    first = root
    for folder, names in walk_folders(root):
        present = [name for name in files if name in names]
        if not present or not is_list(_first_line(folder / present[0])):
            continue
        if found:
            _check_nearest(root, first, folder / present[0])
            continue
        first, is_whole = folder / present[0], present[0] == next(iter(files))
        found = {files[name]: folder / name for name in (files if is_whole else present)}
    return found


def _check_nearest(root: Path, nearest: Path, other: Path) -> None:
    """Refuse two files in different folders that are equally near."""
    is_as_near = len(nearest.parts) == len(other.parts)
    if is_as_near and nearest.parent != other.parent:
        raise UsageError(
            f"{root}: several annotations of one layout found ({nearest}, {other}); name "
            "the folder of one, or choose another layout"
        )


def check_list(path: Path) -> None:
    """Raise `MissingData` if a list from `find_lists` is not there."""
    if not path.is_file():
        raise MissingData(
            f"{path}: no such file, but other lists of the data set lie beside it; unpack "
            "the archive again, or copy the list there"
        )


def find_folder(root: Path, name: str) -> Path | None:
    """Return the nearest folder of that name (any case) at or below `root`, if any."""
    if root.name.lower() == name.lower():
        return root
    for folder, _ in walk_folders(root):
        if folder.name.lower() == name.lower():
            return folder
    return None


def _list(folder: Path) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                (folders if entry.is_dir() else files).append(entry.name)
    except OSError:
        return [], []
    return sorted(files), sorted(folders)


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return ""
    lines = head.decode("utf-8-sig", errors="replace").splitlines()
    return lines[0].strip() if lines else ""
