"""Compiled networks in the user's cache folder, so that a command starts sooner.

An entry is a file that is named by the hash of everything it depends on, and begins with a
hash of its content: a damaged entry is compiled again. Any number of processes may use the
folder at once. Where it cannot be written, or others can write, networks are compiled each
time.
"""

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from threading import Lock

from wildaffect.core.files import write_whole

ENVIRONMENT = "WILDAFFECT_CACHE"
"""Environment variable that names another folder; `off` for none."""
MAX_ENTRIES = 48
"""Number of entries to keep; an analysis needs about ten, of 4 MB at most."""
loading = Lock()
"""Held while a network is loaded, so that threads that need the same one share it."""
_DIGEST_BYTES = 32


def cache_folder() -> Path | None:
    """Return the folder of compiled networks on this platform; None if it is off."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen) / "networks"
    try:
        home = Path.home()
    except RuntimeError:  # no home folder
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "wildaffect" / "networks"


def entry_name(*parts: bytes | str) -> str:
    """Return the name of the entry that depends on these parts."""
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def read_entry(name: str) -> bytes | None:
    """Return the content of an entry; None if there is none, or it is damaged."""
    folder = cache_folder()
    if folder is None or not _is_own(folder):
        return None
    path = folder / name
    try:
        stored = path.read_bytes()
        digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return None
        os.utime(path)  # the entries that were used last are kept
    except OSError:
        return None
    return content


def write_entry(name: str, content: bytes) -> None:
    """Store an entry if the folder can be written, and drop the oldest ones."""
    folder = cache_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_own(folder):
            return
        write_whole(folder / name, (hashlib.sha256(content).digest(), content))
        _drop_oldest(folder)


def _is_own(folder: Path) -> bool:
    """Return whether only this user can put networks into a folder, where systems tell."""
    if os.name != "posix":
        return True
    with contextlib.suppress(OSError):
        state = folder.stat()
        return state.st_uid == os.geteuid() and not state.st_mode & 0o022
    return False


def _drop_oldest(folder: Path) -> None:
    entries = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in entries[MAX_ENTRIES:]:
        old.unlink(missing_ok=True)
