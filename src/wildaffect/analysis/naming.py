"""Unique names of results; those of a folder keep its structure."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.printable import printable
from wildaffect.outputs.partition import DATASET, partition_path
from wildaffect.video.expand import Source
from wildaffect.video.inputs import SourceLike


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source with its name in tables, and the candidates for the name of its result."""

    source: SourceLike
    name: str
    """Path in the analyzed folder, or the full path where that is not distinct."""
    results: tuple[Path, ...]
    """By preference."""
    id: str | None = None
    """Name given by the user."""
    address: str | None = None
    """Address in remote storage; `source` is then a path that names it."""


def result_names(sources: Sequence[Source], out: Path, suffix: str) -> list[NamedSource]:
    """Return each source with its name and the names that its result may have.

    `data/S01/a.mp4` of the input `data` becomes `S01/a.csv` in `out`, and a single file
    `a.csv`; with the suffix `DATASET`, see `outputs.partition`. Inputs that would collide,
    such as `a.mp4` and `a.avi`, become `a.mp4.csv` and `a.avi.csv`, prefixed with the
    folder's name if needed. Live sources are called `camera-0` and `stream`. A repeated
    source is listed once. A source with an id has that name, and the same source with
    another id is another one.

    Raises:
        UsageError: If a source without an id would have the name of an id.
    """
    given = [
        NamedSource(
            source=each.source,
            name=printable(each.id),
            results=(_result(out, Path(each.id), suffix),),
            id=each.id,
            address=each.address,
        )
        for each in sources
        if each.id is not None
    ]
    free = _free_names([each for each in sources if each.id is None], out, suffix)
    taken = {named.results[0] for named in given}
    for named in free:
        if named.results[0] in taken:
            raise UsageError(
                f"{named.name}: its result would have the name of the id "
                f"{named.results[0].relative_to(out).as_posix()}; give it an id too"
            )
    return [*free, *given]


def _result(out: Path, name: Path, suffix: str) -> Path:
    """Return the path of a table; `suffix` may be `DATASET`."""
    if suffix == DATASET:
        return partition_path(out, name)
    return out / name.with_name(name.name + suffix)


def _free_names(sources: Sequence[Source], out: Path, suffix: str) -> list[NamedSource]:
    named = _named(sources)
    levels = [
        Counter(_key(naming(path, source.inside)) for path, source in named)
        for naming in _NAMINGS
    ]
    plan = []
    taken: set[str] = set()
    inner = Counter(source.inside / path.name for path, source in named)
    for path, source in named:
        names = [naming(path, source.inside) for naming in _NAMINGS]
        own = [
            name
            for name, level in zip(names, levels, strict=True)
            if level[_key(name)] == 1 and _key(name) not in taken
        ]
        first = own[0] if own else names[-1]
        taken.add(_key(first))
        others = [name for name in names[2:] if name in own]  # that distinguish folders
        full = [_result(out, name, suffix) for name in (first, *others)]
        own_name = source.inside / path.name
        name = own_name if inner[own_name] == 1 else path
        plan.append(
            NamedSource(
                source=source.source,
                name=printable(name.as_posix()),
                results=tuple(dict.fromkeys(full)),
                address=source.address,
            )
        )
    return plan


def owner_paths(source: SourceLike) -> list[str]:
    """Return the sources for a result's sidecar: absolute paths; none for live sources."""
    match source:
        case Path():
            return [_absolute(source)]
        case tuple():
            return [_absolute(path) for path in source]
        case _:
            return []


def _absolute(path: Path) -> str:
    """Return an absolute path that JSON can represent; `abspath` also resolves `..`."""
    return printable(os.path.abspath(path))  # noqa: PTH100


def _named(sources: Sequence[Source]) -> list[tuple[Path, Source]]:
    """Return each source once, with a unique path for its result."""
    named: dict[Path, Source] = {}
    for source in dict.fromkeys(sources):
        path = Path(os.path.abspath(_name_of(source.source)))  # noqa: PTH100 - see above
        if path in named and isinstance(source.source, Path):
            continue
        own, number = path, 2
        while own in named:
            own, number = path.with_name(f"{path.name}-{number}"), number + 1
        named[own] = source
    return list(named.items())


def _name_of(source: SourceLike) -> Path:
    match source:
        case Path():
            return source
        case int():
            return Path(f"camera-{source}")
        case str():
            return Path("stream")
        case tuple():
            return source[0].parent


def _key(name: Path) -> str:
    return str(name).casefold()  # as case-insensitive file systems compare names


def _in_folder(path: Path, inside: Path) -> Path:
    return inside / f"{path.parent.name}_{path.name}"


def _whole_path(path: Path, inside: Path) -> Path:
    return inside / "_".join(path.parts[1:])[-_LONGEST:]


_LONGEST = 200
"""Maximum length of a name made from a full path; its last characters are kept."""
_NAMINGS: tuple[Callable[[Path, Path], Path], ...] = (
    lambda path, inside: inside / path.stem,
    lambda path, inside: inside / path.name,
    _in_folder,
    _whole_path,
)
