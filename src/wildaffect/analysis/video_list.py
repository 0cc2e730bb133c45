"""Lists of videos: a CSV file with a line per video, its id and its options."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeGuard

from wildaffect.analysis.neutral import AUTO, NONE, SPAN
from wildaffect.core.errors import UnreadableVideo, UsageError
from wildaffect.outputs.events_file import EVENTS_SUFFIX
from wildaffect.storage.addresses import is_remote, name_of
from wildaffect.video.expand import Source, expand_inputs
from wildaffect.video.sources import is_address

SUFFIX = ".csv"
_EVENTS = EVENTS_SUFFIX.removesuffix(SUFFIX)
_MAX_DIGITS = 9
COLUMNS = ("path", "id", "start", "stop", "every", "neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVideo:
    """A line of a list."""

    source: Source
    read: Mapping[str, Any] = field(default_factory=dict)
    """Reading options of this video, by the names in `ReadOptions`."""
    neutral: str | None = None


def is_video_list(given: str | Path | int) -> TypeGuard[str | Path]:
    """Return whether an input is a list of videos, by its suffix."""
    return not isinstance(given, int) and Path(given).suffix.lower() == SUFFIX


def read_video_list(path: Path, images: Literal["stills", "sequence"]) -> list[ListedVideo]:
    """Read a list: CSV with a header and a line per video.

    The column `path` is needed: a file, a folder of images, or an address; relative paths
    start at the folder of the list. `id` names the result and the column `source`.
    `start`, `stop`, `every` and `neutral` are the options of that video; an empty cell
    leaves what the command says.

    Raises:
        UsageError: If the file cannot be read, a column is missing or unknown, a cell is
            wrong, or two lines have the same id, or the same path without ids; with file
            and line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(path, tuple(reader.fieldnames or ()))
            rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: list of videos cannot be read: {reason}") from error
    if not rows:
        raise UsageError(f"{path}: no videos; add a line per video")
    videos = []
    lines: dict[str, int] = {}
    for line, row in rows:
        where = f"{path}: line {line}"
        video = _video(where, path.parent, row, images)
        key = (video.source.id or str(video.source.source)).casefold()
        if key in lines:
            what = "id" if video.source.id else "path"
            advice = "" if video.source.id else "; give each an id"
            raise UsageError(f"{where}: the same {what} is in line {lines[key]}{advice}")
        lines[key] = line
        videos.append(video)
    return videos


def _check_header(path: Path, names: tuple[str, ...]) -> None:
    if "path" not in names:
        raise UsageError(
            f"{path}: line 1: a list of videos needs a column 'path', "
            f"got {', '.join(names) or 'nothing'}"
        )
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            kind = "unknown column" if name not in COLUMNS else "two columns"
            raise UsageError(
                f"{path}: line 1: {kind} {name!r}; columns are {', '.join(COLUMNS)}"
            )


def _video(
    where: str, folder: Path, row: dict[str, Any], images: Literal["stills", "sequence"]
) -> ListedVideo:
    if None in row:
        raise UsageError(f"{where}: more cells than the header has columns")
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    if not cells["path"]:
        raise UsageError(f"{where}: the path is empty")
    start_s, stop_s = (_seconds(where, cells, name) for name in ("start", "stop"))
    if stop_s is not None and stop_s <= (start_s or 0.0):
        raise UsageError(f"{where}: stop must lie after start, got {stop_s:g}")
    read = {"start_s": start_s, "stop_s": stop_s, "every": _every(where, cells)}
    return ListedVideo(
        source=_source(where, folder, cells["path"], images, _id(where, cells)),
        read={name: value for name, value in read.items() if value is not None},
        neutral=_neutral(where, folder, cells),
    )


def _source(
    where: str,
    folder: Path,
    given: str,
    images: Literal["stills", "sequence"],
    name: str | None,
) -> Source:
    if is_address(given):
        return Source(given, id=name)
    if is_remote(given):
        return Source(name_of(given), id=name, address=given)
    path = folder / given
    if not path.is_dir():
        return Source(path, id=name)
    try:
        found = expand_inputs([path], images=images)
    except UnreadableVideo as error:
        raise UsageError(f"{where}: {error}") from error
    if len(found.sources) != 1:
        raise UsageError(
            f"{where}: {given} holds {len(found.sources)} videos and folders of images; "
            "list each in a line"
        )
    return Source(found.sources[0].source, id=name)


def _id(where: str, cells: dict[str, str]) -> str | None:
    name = cells.get("id")
    if not name:
        return None
    parts = name.split("/")
    is_inside = all(parts) and not {".", ".."} & set(parts)
    if not is_inside or "\\" in name or not name.isprintable():
        raise UsageError(
            f"{where}: an id must be a name, or a path inside the output, got {name!r}"
        )
    if name.casefold().endswith(_EVENTS):
        raise UsageError(
            f"{where}: an id must not end in {_EVENTS}, as events of "
            f"{name[: -len(_EVENTS)]} have that name, got {name!r}"
        )
    return str(PurePosixPath(name))


def _seconds(where: str, cells: dict[str, str], name: str) -> float | None:
    text = cells.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < 0:
        raise UsageError(f"{where}: {name} must be a time in seconds, got {text!r}")
    return value


def _every(where: str, cells: dict[str, str]) -> int | None:
    text = cells.get("every")
    if not text:
        return None
    every = int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else 0
    if every < 1:
        raise UsageError(f"{where}: every must be a whole number from 1, got {text[:40]!r}")
    return every


def _neutral(where: str, folder: Path, cells: dict[str, str]) -> str | None:
    """Return the neutral face; a file's relative path starts at the folder of the list."""
    given = cells.get("neutral")
    if not given:
        return None
    if (folder / given).is_file():
        return str(folder / given)
    if given not in {AUTO, NONE} and not SPAN.fullmatch(given):
        raise UsageError(
            f"{where}: neutral must be a picture or video, START-END in seconds, {AUTO} or "
            f"{NONE}, got no such file: {given!r}"
        )
    return given
