"""Offline HTML reports of stored results."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from wildaffect.core.errors import OutputError
from wildaffect.core.events import Event
from wildaffect.core.files import write_whole
from wildaffect.core.printable import counted
from wildaffect.outputs.event_log import events_of
from wildaffect.outputs.events_file import events_path, read_events
from wildaffect.outputs.find import find_results
from wildaffect.outputs.partition import companion, is_partition
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.reports.description import Description, describe
from wildaffect.reports.gallery import MAX_ROWS, gallery_page, is_gallery
from wildaffect.reports.index import IndexEntry, index_page
from wildaffect.reports.media import Media, find_media
from wildaffect.reports.page import ReportPage, timeline_page
from wildaffect.reports.parts import MARK_BYTES, owner_mark
from wildaffect.reports.thumbnails import (
    BOX,
    Thumbnails,
    photo_thumbnail,
    video_thumbnails,
)
from wildaffect.workflows.on_result import OnResult, no_progress

INDEX = "index.html"
_INDEX_OWNER = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReport:
    """The report of one result."""

    result: Path
    path: Path | None = None
    """The page; None if it could not be made."""
    num_people: int = 0
    omitted: tuple[str, ...] = ()
    """What the page leaves out, a sentence each."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reports:
    """Reports of a set of results."""

    reports: tuple[ResultReport, ...]
    index: Path | None = None
    """Page that lists them, if there are several results."""
    failed: tuple[str, ...] = field(default=())
    """Errors, a line each."""

    def __repr__(self) -> str:
        num_pages = len(self.reports) - len(self.failed)
        return f"Reports({counted(num_pages, 'page')}, {len(self.failed)} failed)"


def report(
    results: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    thumbnails: Literal["blurred", "clear", "none"] = "blurred",
    embed_video: bool = False,
    on_result: OnResult = no_progress,
) -> Reports:
    """Write an HTML page of each result, and an index if there are several.

    A page holds all that it shows, and opens without a network. It links to the original
    video where that exists.

    Args:
        results: Tables, and folders with tables, as `analyze` wrote them.
        output: Folder of the pages; by default beside each table.
        thumbnails: How people are pictured.
        embed_video: Put the video itself into the page.
        on_result: Called after each result.

    Raises:
        OutputError: If a path does not exist, a folder has no result, no report can be
            made, or a file of somebody else is where a page belongs.
    """
    given = [results] if isinstance(results, str | Path) else list(results)
    found = find_results(given)
    folder = None if output is None else Path(output)
    pages = _page_paths(found, folder)
    look = Thumbnails(thumbnails)
    reports, entries = [], []
    for done, (result, page) in enumerate(zip(found, pages, strict=True), 1):
        try:
            made, entry = _write_report(result, page, look, embed=embed_video)
        except (OutputError, ValueError) as error:
            text = str(error)
            line = text if str(result) in text else f"{result}: {text}"
            reports.append(ResultReport(result=result, error=line))
        else:
            reports.append(made)
            entries.append((page, entry))
        on_result(result.name, done, len(found))
    failed = tuple(each.error for each in reports if each.error)
    if not entries:
        raise OutputError(failed[0])
    index = _write_index(entries, failed, folder or _top(pages)) if len(found) > 1 else None
    return Reports(reports=tuple(reports), index=index, failed=failed)


def _write_report(
    result: Path, path: Path, look: Thumbnails, *, embed: bool
) -> tuple[ResultReport, IndexEntry]:
    table = read_table(result)
    description = describe(result.name, read_sidecar(result))
    owner = _owner(result)
    _check_free(path, owner)
    if is_gallery(table):
        pictures = _photo_thumbnails(table, description, look)
        page = gallery_page(table, description, thumbnails=pictures, owner=owner)
    else:
        page = _timeline(result, table, description, path, look, embed)
    _write(path, page.html)
    statuses = table["status"] if table.num_rows else pa.chunked_array([[]], pa.string())
    entry = IndexEntry(
        address="",
        title=description.title,
        num_people=page.num_people,
        num_rows=table.num_rows,
        num_usable=pc.sum(pc.equal(statuses, "ok")).as_py() or 0,
        omitted=page.omitted,
    )
    made = ResultReport(
        result=result, path=path, num_people=page.num_people, omitted=page.omitted
    )
    return made, entry


def _timeline(
    result: Path,
    table: pa.Table,
    description: Description,
    path: Path,
    look: Thumbnails,
    embed: bool,
) -> ReportPage:
    media: Media = find_media(description.source, description.codec, path, embed=embed)
    pictures: dict[int, str] = {}
    video = description.source
    if video is not None and video.is_file() and "track_id" in table.column_names:
        counts = table["track_id"].drop_null().value_counts().to_pylist()
        counts.sort(key=lambda each: -each["counts"])
        tracks = [each["values"] for each in counts]
        pictures = video_thumbnails(video, table, tracks, look)
    return timeline_page(
        table,
        _events(result, table),
        description,
        media=media,
        thumbnails=pictures,
        owner=_owner(result),
    )


def _events(result: Path, table: pa.Table) -> Sequence[Event]:
    """Return the stored events, or those of the rows where none are stored."""
    stored = events_path(result)
    if stored.is_file():
        return read_events(stored)
    with suppress(ValueError):  # the page raises its own for the same reason
        return events_of(table)[0]
    return ()


def _photo_thumbnails(
    table: pa.Table, description: Description, look: Thumbnails
) -> dict[int, str]:
    if any(name not in table.column_names for name in BOX):
        return {}
    photos: dict[str, Path] = {}
    for source in description.sources:
        inside = source.iterdir() if source.is_dir() else [source]
        photos |= {path.name: path for path in inside}
    found = {}
    for place, row in enumerate(table.slice(0, MAX_ROWS).to_pylist()):
        photo = photos.get(row["image"] or "")
        box = [row[name] for name in BOX]
        if photo is not None and None not in box:
            picture = photo_thumbnail(photo, box, look)
            if picture is not None:
                found[place] = picture
    return found


def _page_paths(results: Sequence[Path], folder: Path | None) -> list[Path]:
    """Return the page of each result; results of one name keep their suffix, or folder."""
    if folder is None:
        paths = [companion(result, f"{result.stem}.html") for result in results]
        names = [companion(result, f"{result.name}.html") for result in results]
    else:
        paths = [folder / f"{result.stem}.html" for result in results]
        names = [folder / f"{result.name}.html" for result in results]
        if len(set(names)) < len(names):
            top = _top(results)
            names = [folder / f"{os.path.relpath(each, top)}.html" for each in results]
    is_unique = len(set(paths)) == len(paths) and not any(p.name == INDEX for p in paths)
    return paths if is_unique else names


def _top(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))


def _owner(result: Path) -> str:
    """Return the mark of a result, which does not tell where it is."""
    return hashlib.sha256(os.fsencode(result.resolve())).hexdigest()[:16]


def _check_free(path: Path, owner: str) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(MARK_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{path}: must be writable, got {error.strerror}") from error
    if owner_mark(owner) not in head:
        raise OutputError(
            f"{path}: a file that is not the report of this result exists; move it away or "
            "choose another folder with -o"
        )


def _write_index(
    entries: Sequence[tuple[Path, IndexEntry]], failed: Sequence[str], folder: Path
) -> Path:
    is_beside = any(is_partition(page) for page, _ in entries)  # tables of a data set
    path = folder / (f"_{INDEX}" if is_beside else INDEX)
    _check_free(path, _INDEX_OWNER)
    linked = []
    for page, entry in entries:
        address = Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix()
        linked.append(
            IndexEntry(
                address=address,
                title=entry.title,
                num_people=entry.num_people,
                num_rows=entry.num_rows,
                num_usable=entry.num_usable,
                omitted=entry.omitted,
            )
        )
    _write(path, index_page(linked, failed, _INDEX_OWNER))
    return path


def _write(path: Path, html: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, html.encode())
    except OSError as error:
        raise OutputError(
            f"{path}: report must be writable, got {error.strerror or error}; free the "
            "disk or choose another place with -o"
        ) from error
