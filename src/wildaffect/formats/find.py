"""Search for a layout below a folder without listing millions of images."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

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
    """Return split -> file for the names in `files`; the nearest to `root` wins."""
    found: dict[str, Path] = {}
    if root.is_file():
        return {files[root.name]: root} if root.name in files else {}
    for folder, names in walk_folders(root):
        for name, split in files.items():
            if name in names:
                found.setdefault(split, folder / name)
    return found


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
