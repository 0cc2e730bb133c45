"""Which results of a folder job are finished already, for the same input and options."""

import stat
from pathlib import Path
from typing import Any

from wildaffect.core.errors import OutputError
from wildaffect.outputs.sidecar import Provenance, read_sidecar


def stamp(source: Path) -> dict[str, Any]:
    """Return a fingerprint of an input: size and modification time of each of its files.

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
