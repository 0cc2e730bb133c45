"""Sources in the files and folders of a job, and files that are skipped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeGuard

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.images import holds_several, natural_key
from wildaffect.video.inputs import VIDEO_SUFFIXES, SourceLike, parse_source
from wildaffect.video.pixels import is_image_name
from wildaffect.video.sources import is_folder

_OVERLAY = ".overlay"


@dataclass(frozen=True, slots=True)
class Source:
    """Source of one result."""

    source: SourceLike
    inside: Path = Path()
    """Path relative to the given folder."""
    id: str | None = None
    """Name given by the user, as in a list of videos."""
    address: str | None = None
    """Address in remote storage; `source` is then a path that names it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was found and is not read."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Sources of the arguments on the command line."""

    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]
    failed: tuple[UnreadableVideo, ...]
    """Folders that cannot be listed or are empty, and broken links."""


def expand_inputs(
    paths: Iterable[str | Path | int],
    *,
    images: Literal["stills", "sequence"] = "stills",
    leave_out: Path | None = None,
) -> Inputs:
    """Return one source per result: folders of videos are expanded recursively.

    Each folder with images directly in it is one source. Individual image files are a
    source each; as a "sequence" they are one video, in the order given. Links to folders
    are followed, each folder is read once. Individual files are not checked here.

    Args:
        paths: Given files and folders.
        images: Content of image folders.
        leave_out: Folder of results; skipped if it is in a given folder.

    Raises:
        UnreadableVideo: If there are no paths, or the only input fails.
    """
    sources: list[Source] = []
    loose: list[Path] = []
    walk = _Walk(leave_out)
    for source in map(parse_source, paths):
        try:
            if isinstance(source, Path) and is_folder(source):
                sources.extend(walk.sources(source))
            elif images == "sequence" and _is_image(source):
                loose.append(source)
            else:
                sources.append(Source(source))
        except UnreadableVideo as error:
            walk.failed.append(error)
    if loose:
        sources.append(Source(tuple(loose) if len(loose) > 1 else loose[0]))
    if not sources and len(walk.failed) == 1:
        raise walk.failed[0]
    if not sources and not walk.failed:
        raise UnreadableVideo("input", "nothing was named; name a video, image or folder")
    return Inputs(tuple(sources), tuple(walk.skipped), tuple(walk.failed))


def _is_image(source: str | Path | int) -> TypeGuard[Path]:
    return isinstance(source, Path) and is_image_name(source)


class _Walk:
    """Walks folders and records skipped files."""

    def __init__(self, leave_out: Path | None) -> None:
        self.skipped: list[Skipped] = []
        self.failed: list[UnreadableVideo] = []
        self._leave_out = leave_out
        self._seen: dict[tuple[int, int], Path] = {}

    def sources(self, root: Path) -> list[Source]:
        """Return the sources in a given folder.

        Raises:
            UnreadableVideo: If it contains neither videos nor images.
        """
        num_failed = len(self.failed)
        found = list(self._folder(root, Path()))
        if not found and len(self.failed) == num_failed:
            raise UnreadableVideo(root, "the folder holds neither videos nor images")
        return found

    def _folder(self, folder: Path, inside: Path) -> Iterator[Source]:
        try:
            state = folder.stat()
            entries = sorted(folder.iterdir(), key=natural_key)
        except OSError as error:
            reason = f"the folder cannot be listed ({error.strerror}); check its owner"
            self.failed.append(UnreadableVideo(folder, reason))
            return
        first = self._seen.setdefault((state.st_dev, state.st_ino), folder)
        if first is not folder:
            self._skip(folder, f"the same folder as {first}")
            return
        files = [path for path in entries if self._is_wanted_file(path)]
        stills = {path for path in files if is_image_name(path) and not holds_several(path)}
        if stills:
            yield Source(folder, inside.parent)
        for path in files:
            if path not in stills:
                yield Source(path, inside)
        for path in entries:
            if path.is_dir() and self._is_wanted_folder(path):
                yield from self._folder(path, inside / path.name)

    def _is_wanted_folder(self, path: Path) -> bool:
        out = self._leave_out
        if path.name.startswith("."):
            return self._skip(path, "hidden")
        if path.name.endswith(_OVERLAY):
            return self._skip(path, "overlays of an earlier run")
        if out is not None and out.exists() and path.samefile(out):
            return self._skip(path, "the folder of the results")
        return True

    def _is_wanted_file(self, path: Path) -> bool:
        if path.is_dir():
            return False
        if reason := _unwanted(path):
            return self._skip(path, reason)
        if path.is_symlink() and not path.exists():
            self.failed.append(UnreadableVideo(path, "a link that leads nowhere"))
            return False
        return True

    def _skip(self, path: Path, reason: str) -> bool:
        self.skipped.append(Skipped(path, reason))
        return False


def _unwanted(path: Path) -> str | None:
    """Return why a file in a folder is skipped; None if it is not."""
    if path.name.startswith("."):
        return "hidden"
    if not is_image_name(path) and path.suffix.lower() not in VIDEO_SUFFIXES:
        return "neither video nor image by its name"
    if path.stem.endswith(_OVERLAY):
        return "an overlay of an earlier run"
    if path.exists() and not path.is_file():
        return "not a regular file"
    return None
