"""A small generated world in the package: annotations and features of 28 people.

It trains a first model in seconds, without pictures and without generating anything. The
people are generated, so scores on it are no evidence of accuracy on real ones.
"""

import io
import tarfile
from pathlib import Path

from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole

WORLD_FILE = Path(__file__).parent / "world.tar.xz"


def write_demo_world(folder: Path) -> None:
    """Write annotations, `features` and `provenance.json`; a complete world is kept.

    Raises:
        OutputError: If the folder contains other files.
    """
    with tarfile.open(WORLD_FILE) as packed:
        members = [member for member in packed if member.isfile()]
        names = {member.name for member in members}
        found = {path.relative_to(folder).as_posix() for path in _files(folder)}
        if found - names:
            raise OutputError(
                f"{folder}: the folder must be empty or hold the demo's world, got "
                f"{min(found - names)}; choose another folder"
            )
        for member in members:
            content = packed.extractfile(member)
            if member.name not in found and content is not None:
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, content.read())


def pack_world(folder: Path, archive: Path) -> None:
    """Pack a generated world; equal files give equal bytes."""
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for path in _files(folder):
            content = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = len(content), 0o644
            packed.addfile(member, io.BytesIO(content))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
