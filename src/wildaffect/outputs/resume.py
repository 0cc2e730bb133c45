"""Which results of a folder job are finished already, for the same input and options."""

import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wildaffect.core.errors import OutputError
from wildaffect.outputs.sidecar import Provenance, read_sidecar


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One input of a folder job and the result it gets."""

    source: Path
    result: Path


def stamp(source: Path) -> dict[str, Any]:
    """Return what tells a changed input: size and time of change of each of its files.

    Put it into `Provenance.source`. A folder is stamped with the files right inside it.

    Raises:
        OSError: If the input is not there.
    """
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    states = [(file.name, file.stat()) for file in files]
    return {
        "stamp": [
            [name, state.st_size, state.st_mtime_ns]
            for name, state in states
            if stat.S_ISREG(state.st_mode)
        ]
    }


def is_finished(result: Path, provenance: Provenance) -> bool:
    """Return whether `result` is whole and was made from the same input and options.

    A missing, incomplete, cut or edited result, or one without a readable sidecar, is not.
    """
    if not result.is_file():
        return False
    try:
        document = read_sidecar(result)
    except OutputError:
        return False
    return (
        document is not None
        and document.get("complete") is True
        and document.get("digest") == provenance.digest()
        and document.get("size_bytes") == result.stat().st_size
    )


def plan_jobs(sources: Sequence[Path], out_dir: Path, suffix: str) -> list[Job]:
    """Give every input its own result in `out_dir`, whatever their names.

    `a.mp4` becomes `a.csv`; where two inputs would meet, as `a.mp4` and `a.avi`, they
    become `a.mp4.csv` and `a.avi.csv`, and the folder's name goes in front if need be.
    """
    distinct = list(dict.fromkeys(sources))
    levels = [
        Counter(naming(source).casefold() for source in distinct) for naming in _NAMINGS
    ]
    names = [_first_own_name(source, levels) for source in distinct]
    if len({name.casefold() for name in names}) < len(names):
        names = [_NAMINGS[-1](source) for source in distinct]
    return [
        Job(source=source, result=out_dir / (name + suffix))
        for source, name in zip(distinct, names, strict=True)
    ]


def _in_folder(source: Path) -> str:
    return f"{source.absolute().parent.name}_{source.name}"


def _whole_path(source: Path) -> str:
    return "_".join(source.absolute().parts[1:])


_NAMINGS: tuple[Callable[[Path], str], ...] = (
    lambda source: source.stem,
    lambda source: source.name,
    _in_folder,
    _whole_path,
)


def _first_own_name(source: Path, levels: Sequence[Counter[str]]) -> str:
    for naming, level in zip(_NAMINGS, levels, strict=True):
        name = naming(source)
        if level[name.casefold()] == 1:
            return name
    return name
