"""Allocation of result names in a folder that several runs write to.

A result belongs to the input in its sidecar. A run claims a name by locking its part file;
it uses the first name without data of another input. So two inputs of the same name get two
results, also in concurrent runs.
"""

import contextlib
import glob
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import IO

from wildaffect.core.errors import OutputError
from wildaffect.core.files import FileBusy, open_part
from wildaffect.outputs.events_file import events_path
from wildaffect.outputs.partition import companion, is_partition, numbered
from wildaffect.outputs.sidecar import (
    UNFINISHED,
    read_sidecar,
    replace_document,
    sidecar_path,
)

SUFFIXES = (".csv", ".parquet", ".jsonl")
"""Suffixes of results that share the name of an overlay."""
_SIDECAR_S = 2.0
"""Maximum time of a run from locking a part to recording its input."""
_POLL_S = 0.05


class ResultBusy(OutputError):
    """Another run is working on the same input and result."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A name for a result, exclusive to this run as long as `part` is open."""

    path: Path
    part: IO[bytes]


def part_path(result: Path) -> Path:
    """Return the part file of a result: `clip.csv.part` for `clip.csv`."""
    return companion(result, result.name + ".part")


def result_of_part(part: Path) -> Path:
    """Return the result of a part file."""
    name = part.name.removesuffix(".part")
    return part.with_name(name.removeprefix("_") if is_partition(part) else name)


@contextlib.contextmanager
def claim_result(names: Sequence[Path], owner: Sequence[str]) -> Iterator[Claim]:
    """Yield the result of an input; an unwritten result is removed afterwards.

    Args:
        names: Candidates, by preference. If all are taken, a number is appended to the
            first; a single name was requested by the user and is not changed.
        owner: Absolute paths of the input's files; empty for a live source, which is a new
            input each time.

    Raises:
        ResultBusy: If another run is working on the same input.
        OutputError: If the only name is taken, or the file cannot be written.
    """
    try:
        claim = _claim(names, list(owner))
    except FileBusy as error:
        raise ResultBusy(
            f"{names[0]}: another run is writing this result; wait for it to end, or "
            "choose another place with -o"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{names[0]}: result must be writable, got {error.strerror}; free the disk or "
            "choose another place with -o"
        ) from error
    try:
        yield claim
    finally:
        _release(claim)


def _claim(names: Sequence[Path], owner: list[str]) -> Claim:
    mine = [name for name in names if owner and owner_of(name) == owner]
    more = () if len(names) == 1 else (numbered(names[0], i) for i in count(2))
    for name in chain(mine, names, more):
        name.parent.mkdir(parents=True, exist_ok=True)
        claim = _try(name, owner) if _is_free(name, owner) else None
        if claim:
            return claim
    raise OutputError(
        f"{names[0]}: a file that is not the result of this input exists; move it "
        "away or choose another name with -o"
    )


def _try(name: Path, owner: list[str]) -> Claim | None:
    """Lock a name and check again, as another run may have been faster."""
    part = part_path(name)
    try:
        file = open_part(part)
    except FileBusy:
        if owner and _owner_of_busy(name) == owner:
            raise
        return None
    claim = Claim(name, file)
    _await_sidecar(name)
    if not _is_free(name, owner):
        _release(claim)
        return None
    _remove_stale_overlays(name)
    if not _has_rows(name):
        document = {"source": {"path": owner}, "complete": False, "error": UNFINISHED}
        replace_document(sidecar_path(part), document)
    return claim


def owner_of(result: Path) -> list[str] | None:
    """Return the input of a result, or of the part file of a stopped run."""
    for path in (result, part_path(result)):
        with contextlib.suppress(OutputError, OSError):
            source = (read_sidecar(path) or {}).get("source")
            if isinstance(source, dict) and isinstance(source.get("path"), list):
                return source["path"]
    return None


def _is_free(name: Path, owner: list[str]) -> bool:
    """Return whether this name has no data of another input."""
    # A table of another input, and a file of the user's, may have the name of its events.
    taken = [name] if name.exists() or _has_rows(name) else []
    taken += [events_path(name)] if events_path(name).exists() else []
    if any(not (owner and owner_of(each) == owner) for each in taken):
        return False
    stems = (name.with_suffix(suffix) for suffix in SUFFIXES if suffix != name.suffix)
    others = [owner_of(each) for each in stems]  # their overlays have the same name
    return all(other is None or other == owner for other in others)


def _has_rows(name: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return part_path(name).stat().st_size > 0
    return False


def _owner_of_busy(name: Path) -> list[str] | None:
    until_s = time.monotonic() + _SIDECAR_S
    while (owner := owner_of(name)) is None and time.monotonic() < until_s:
        time.sleep(_POLL_S)
    return owner


def _await_sidecar(name: Path) -> None:
    """Wait for a run that has just renamed its table to write the sidecar too."""
    until_s = time.monotonic() + _SIDECAR_S
    while name.exists() and not sidecar_path(name).exists() and time.monotonic() < until_s:
        time.sleep(_POLL_S)


def _remove_stale_overlays(name: Path) -> None:
    stem = companion(name, name.stem).name
    for path in name.parent.glob(f"{glob.escape(stem)}.overlay.*.part"):
        with contextlib.suppress(FileBusy), open_part(path):
            path.unlink(missing_ok=True)


def _release(claim: Claim) -> None:
    part = part_path(claim.path)
    with contextlib.suppress(OSError):  # an earlier error takes precedence
        if not claim.part.closed and part.stat().st_size == 0:
            sidecar_path(part).unlink(missing_ok=True)
            part.unlink()
    claim.part.close()
