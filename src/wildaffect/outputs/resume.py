"""Detection of finished results of a folder job, for the same input and options."""

import stat
from pathlib import Path
from typing import Any

from wildaffect.core.errors import OutputError
from wildaffect.outputs.sidecar import Provenance, read_sidecar


def stamp(source: Path) -> dict[str, Any]:
    """Return a fingerprint of an input: size and modification time of each of its files.

    Put it into `Provenance.source`. A folder is stamped with the files directly inside it.

    Raises:
        OSError: If the input does not exist.
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
    """Return whether `result` is complete and was made from the same input and options.

    False for a missing, incomplete, truncated or edited result, or without a readable
    sidecar.
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
