"""Listing, download and upload of remote files; errors are one line, without secrets."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from wildaffect.core.errors import MissingExtra, UsageError, WildAffectError
from wildaffect.storage.addresses import is_remote, join, without_credentials

_OBJECT_STORES = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hf", "oci", "oss", "r2"}
)
"""Protocols without folders, whose files appear whole."""
_VERSION_KEYS = (
    *("ETag", "etag", "blob_id", "mtime", "LastModified", "last_modified", "updated"),
    "created",
)


class RemoteError(WildAffectError):
    """Remote storage cannot be read or written."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file and its version."""

    address: str
    size: int | None
    version: str
    """Hash or time of its content, as the storage tells; empty if it does not."""


def find(address: str) -> list[str]:
    """Return an address itself if it is a file, or all files below it, sorted.

    Raises:
        RemoteError: If nothing is there, or it cannot be read.
    """
    with _errors(address):
        fs, path = _open(address)
        if fs.isfile(path):
            return [address]
        found = sorted(fs.find(path))
        if not found:
            raise FileNotFoundError(address)
        head = address.rstrip("/")
        prefix = path.rstrip("/")
        return [join(head, each.removeprefix(prefix).lstrip("/")) for each in found]


def look_up(address: str) -> RemoteFile:
    """Return the size and version of a file.

    Raises:
        RemoteError: If it is not there, or cannot be read.
    """
    with _errors(address):
        fs, path = _open(address)
        info = fs.info(path)
    versions = (str(info[key]) for key in _VERSION_KEYS if info.get(key))
    return RemoteFile(address, info.get("size"), next(versions, ""))


def download(address: str, path: Path) -> None:
    """Copy a remote file to this machine.

    Raises:
        RemoteError: If it cannot be read, or the disk is full.
    """
    with _errors(address):
        fs, remote = _open(address)
        fs.get_file(remote, str(path))


def read_json(address: str) -> dict[str, Any] | None:
    """Return a JSON document, or None if there is no such file or it is another.

    Raises:
        RemoteError: If it cannot be read.
    """
    with _errors(address):
        fs, path = _open(address)
        try:
            document = json.loads(fs.cat_file(path))
        except (FileNotFoundError, ValueError):
            return None
    return document if isinstance(document, dict) else None


def upload(path: Path, address: str) -> None:
    """Copy a file of this machine to an address, where it appears whole.

    Raises:
        RemoteError: If it cannot be written.
    """
    with _errors(address):
        fs, remote = _open(address)
        if _protocols(fs) & _OBJECT_STORES:
            fs.put_file(str(path), remote)
            return
        folder, _, name = remote.rpartition("/")
        fs.makedirs(folder, exist_ok=True)
        part = f"{folder}/.{name}.{uuid4().hex}.part"
        fs.put_file(str(path), part)
        fs.mv(part, remote)


def remove(address: str) -> None:
    """Remove a file, if it is there.

    Raises:
        RemoteError: If it cannot be removed.
    """
    with _errors(address):
        fs, path = _open(address)
        with contextlib.suppress(FileNotFoundError):
            fs.rm_file(path)


def _open(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    try:
        import fsspec  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra(
            f"{without_credentials(address)}: remote storage", "remote"
        ) from error
    if not is_remote(address):
        raise UsageError(f"{without_credentials(address)}: no address of remote storage")
    fs, path = fsspec.core.url_to_fs(address)
    fs.invalidate_cache()  # others write there as well
    return fs, path


def _protocols(fs: Any) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


@contextlib.contextmanager
def _errors(address: str) -> Iterator[None]:
    """Turn what file systems raise into one line; their own texts may hold secrets."""
    name = without_credentials(address)
    try:
        yield
    except WildAffectError:
        raise
    except ImportError as error:
        raise RemoteError(f"{name}: {_missing(address)}") from error
    except FileNotFoundError as error:
        raise RemoteError(f"{name}: no such file, folder or bucket") from error
    except PermissionError as error:
        raise RemoteError(f"{name}: access refused; check the credentials") from error
    except TimeoutError as error:
        raise RemoteError(f"{name}: no answer in time; check the network") from error
    except Exception as error:
        if isinstance(error, ValueError) and "Protocol not known" in str(error):
            raise UsageError(f"{name}: unknown protocol; use one of fsspec's") from error
        reason = type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
        raise RemoteError(
            f"{name}: cannot be reached ({reason}); check address, credentials and network"
        ) from error


def _missing(address: str) -> str:
    """Return which package a protocol needs."""
    from fsspec.registry import known_implementations  # noqa: PLC0415 - it was imported

    protocol = address.partition("://")[0].rpartition("::")[2].lower()
    if protocol in {"s3", "s3a"}:
        return "needs s3fs; run: pip install 'wildaffect[remote]'"
    if protocol in {"gs", "gcs"}:
        return "needs gcsfs; run: pip install gcsfs"
    known = known_implementations.get(protocol, {})
    return f"needs another package: {known.get('err', f'one for {protocol}')}"
