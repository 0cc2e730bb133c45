"""A source with what to read of it, the files to write, and the outcome."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wildaffect.analysis.naming import owner_paths
from wildaffect.analysis.neutral import EstimatedNeutral, NeutralChoice
from wildaffect.analysis.options import ColumnOptions, OverlayOptions, ReadOptions
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.outputs.resume import stamp
from wildaffect.outputs.summary import RunSummary, TrackSummary
from wildaffect.storage.addresses import RemoteParts, without_credentials
from wildaffect.video.inputs import SourceLike
from wildaffect.video.sources import without_password

OnFrame = Callable[[VideoInfo, Frame], None]
"""Called with every decoded frame, from the decoding thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileJob:
    """A source, its reading options, and the files to write."""

    source: SourceLike
    results: tuple[Path, ...]
    """Candidate names of its table, by preference; see `claim_result`. Empty if its rows go
    to standard output."""
    read: ReadOptions
    columns: ColumnOptions
    label: str | None = None
    """Name of the source in its rows."""
    overlay: OverlayOptions | None = None
    neutral: NeutralChoice = field(default_factory=EstimatedNeutral)
    """Source of a person's neutral face."""
    resume: bool = False
    """Keep a complete result of the same input and options."""
    remote: RemoteParts | None = None
    """Source and results in remote storage, if any; see `staging`."""

    @property
    def name(self) -> str:
        """Return the name of the source in messages."""
        if self.remote and self.remote.source:
            return without_credentials(self.remote.source)
        match self.source:
            case tuple(images):
                return str(images[0].parent)
            case int(number):
                return f"camera {number}"
            case str(address):
                return without_password(address)
            case Path() as path:
                return str(path)

    def renamed(self, text: str) -> str:
        """Return a message with the name of the source in place of its local copy."""
        is_copy = self.remote is not None and self.remote.source
        return text.replace(str(self.source), self.name) if is_copy else text

    @property
    def owner(self) -> list[str]:
        """Return what the source is called in sidecars: absolute paths, or its address."""
        is_remote = self.remote is not None and self.remote.source
        return [self.name] if is_remote else owner_paths(self.source)

    def stamp(self) -> list[Any]:
        """Return size and version of each file of the source; none for live sources."""
        if self.remote and self.remote.source:
            return [list(entry) for entry in self.remote.stamp]
        if isinstance(self.source, int | str):
            return []
        files = self.source if isinstance(self.source, tuple) else (self.source,)
        return [entry for file in files for entry in stamp(file)["stamp"]]

    @property
    def is_live(self) -> bool:
        """Return whether the source can be read only once."""
        return is_live(self.source)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileReport:
    """Outcome of one job."""

    source: str
    label: str | None = None
    """Name of the source in its rows, and its id in a list of videos."""
    result: Path | None = None
    overlay: Path | None = None
    summary: RunSummary | None = None
    """None if nothing was analyzed."""
    tracks: tuple[TrackSummary, ...] = ()
    uploaded: tuple[str, ...] = ()
    """Addresses of the files in remote storage; `result` and `overlay` are None then."""
    error: str | None = None
    """Why rows are missing or end early."""
    note: str | None = None
    """Warnings about the source that affected no row."""
    was_finished: bool = False
    """True if the job was skipped, as `resume` found a complete result."""

    def __repr__(self) -> str:
        return f"FileReport({self.source}: {self.error or self.result})"


def is_live(source: SourceLike) -> bool:
    """Return whether a source is a camera or address, which cannot be read twice."""
    return isinstance(source, int | str)


def options_of(job: FileJob) -> dict[str, Any]:
    """Return all options that affect rows, for a sidecar."""
    options = asdict(job.read) | asdict(job.columns)
    options |= {"overlay": asdict(job.overlay) if job.overlay else None}
    return options | {"neutral": job.neutral.describe()}
