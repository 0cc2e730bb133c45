"""Search for result tables in folders."""

import json
from collections.abc import Iterable
from pathlib import Path

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.outputs.events_file import EVENTS_SUFFIX
from wildaffect.outputs.sidecar import sidecar_path
from wildaffect.outputs.table import FORMATS

SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)


def find_results(paths: Iterable[str | Path]) -> list[Path]:
    """Return the given tables, and those in the given folders, once each, in order.

    In folders, tables are recognized by their sidecar, so that summaries, events and other
    files beside them are left out. Events are left out also where they are given, as by
    `*.csv`.

    Raises:
        OutputError: If a path does not exist, or a folder has no result.
        UsageError: If a file is no table by its name.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(filter(_is_result, path.rglob("*")))
            if not inside:
                raise OutputError(f"{path}: no results found; {_advice(path)}")
            found |= dict.fromkeys(inside)
        elif path.exists():
            _check_is_table(path)
            if not _is_events(path):
                found[path] = None
        else:
            raise OutputError(f"{path}: no such file or folder")
    if not found:
        raise OutputError("no results given: tables of events are no results")
    return list(found)


def _check_is_table(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES | {".part"}:
        raise UsageError(
            f"{path}: result must end in one of {', '.join(sorted(SUFFIXES))}, got "
            f"{path.suffix!r}; videos and pictures go to `wildaffect analyze` first"
        )


def _advice(folder: Path) -> str:
    part = next((path for path in sorted(folder.rglob("*.part"))), None)
    if part is not None:
        return f"an interrupted run left {part}: `wildaffect recover` makes it a result"
    return "give the folder that `wildaffect analyze` wrote"


def _is_events(path: Path) -> bool:
    return path.name.endswith(EVENTS_SUFFIX) and not _is_result(path)


def _is_result(path: Path) -> bool:
    if path.suffix.lower() not in SUFFIXES or not sidecar_path(path).is_file():
        return False
    try:
        document = json.loads(sidecar_path(path).read_bytes())
    except (ValueError, OSError):
        return False
    return isinstance(document, dict) and "schema_version" in document
