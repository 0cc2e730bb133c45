"""The folder of a system that is trained in stages belongs to one system."""

import json
from collections.abc import Mapping
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole

CLAIM = "system.json"
"""File in the folder of a system that describes its parts."""
_WORDS = {"recipe": "recipe or its seed"}


def claim_folder(folder: Path, settings: Mapping[str, object]) -> None:
    """Record a system's settings in its folder, or check that the folder belongs to it.

    Raises:
        UsageError: If the folder holds a system of other settings; the message names them.
    """
    path = folder / CLAIM
    text = json.dumps(settings, indent=1) + "\n"
    if path.exists():
        found = path.read_text(encoding="utf-8")
        if found != text:
            raise UsageError(
                f"{folder}: holds a system with another {_differing(found, text)}; choose "
                "another output folder, or delete this one"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())


def _differing(found: str, wanted: str) -> str:
    try:
        stored = dict(json.loads(found))
    except (ValueError, TypeError):
        return f"{CLAIM}, which is damaged"
    now = json.loads(wanted)
    names = [name for name in now if stored.get(name) != now[name]]
    words = [_WORDS.get(name, name.replace("_", " ")) for name in names]
    return ", ".join(words) or "set of settings"
