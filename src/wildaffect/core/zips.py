"""Safe reading of untrusted zip files: limits on compression, no unusual members."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

FREE_BYTES = 16 << 20
"""Size up to which a member may have any compression ratio."""
LARGEST_EXPANSION = 64
"""Maximum compression ratio of a larger member; weights have about 2 at most."""

_ENCRYPTED = 0x1
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
"""Errors that zipfile raises on damaged bytes, found by cutting and flipping them."""


class BadZip(ValueError):
    """A zip is damaged, encrypted, or has an implausible compression ratio."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading; errors from its bytes in the block are raised as `BadZip`.

    Raises:
        BadZip: If it is damaged.
        OSError: If it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except BadZip:
        raise
    except _DAMAGE as error:
        raise BadZip(f"a damaged zip ({str(error) or type(error).__name__})") from error


def check_member(member: ZipInfo) -> None:
    """Reject a member that is too large for its compressed size, or unusual.

    Raises:
        BadZip: If it is encrypted, compressed by anything but deflate, or a zip bomb.
    """
    if member.flag_bits & _ENCRYPTED:
        raise BadZip(f"{member.filename} encrypted")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BadZip(f"{member.filename} packed in another way than deflate")
    allowed = max(FREE_BYTES, LARGEST_EXPANSION * member.compress_size)
    if member.file_size > allowed:
        raise BadZip(
            f"{member.filename} of {member.file_size:,} bytes packed into "
            f"{member.compress_size:,}, more than {LARGEST_EXPANSION} to 1"
        )


@contextmanager
def open_member(archive: zipfile.ZipFile, member: ZipInfo) -> Iterator[IO[bytes]]:
    """Open a member; errors are those of `check_member`."""
    check_member(member)
    with archive.open(member) as stream:
        yield stream
