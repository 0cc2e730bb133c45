"""Analysis of one source to table, sidecar and overlay; partial results are kept."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wildaffect.analysis.naming import owner_paths
from wildaffect.analysis.neutral import EstimatedNeutral, NeutralChoice, Neutrals
from wildaffect.analysis.options import (
    ColumnOptions,
    OverlayOptions,
    ReadOptions,
    describe_artifact,
)
from wildaffect.analysis.pictures import with_names
from wildaffect.core.errors import Stopped, UnreadableVideo, UsageError, no_frame_chosen
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.core.results import FaceResult
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.claim import claim_result
from wildaffect.outputs.event_log import EventLog, add_missing_events
from wildaffect.outputs.resume import is_finished, stamp
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.summary import RunSummary, Summarizer, TrackSummary
from wildaffect.outputs.table import TableWriter
from wildaffect.storage.addresses import RemoteParts, without_credentials
from wildaffect.video.inputs import SourceLike
from wildaffect.video.read import VideoReader
from wildaffect.video.sources import without_password

if TYPE_CHECKING:
    from wildaffect.analysis.overlays import FilmOverlay, StillsOverlay

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


def run_job(job: FileJob, analyzer: Analyzer, on_frame: OnFrame) -> FileReport:
    """Analyze one source and write its files.

    If a source breaks off, or has frames that cannot be decoded, its rows are kept and the
    sidecar marks the result as incomplete.

    A live source ends at its `stop_s` or on an interrupt, which is not an error, or on
    `Stopped`, which is raised again once its files are complete.

    Raises:
        UnreadableVideo: If the source has no rows; nothing is written then.
        UsageError: If no frame was selected, an overlay of a live source was requested, or
            no face was found for the neutral.
        OutputError: If a file cannot be written.
        ResultBusy: If another run is working on the same source and result.
    """
    started_s = time.monotonic()
    _check_overlay(job)
    job.neutral.check(job.source, job.read)
    with ExitStack() as stack:
        reader = stack.enter_context(job.read.open(job.source))
        claim = stack.enter_context(claim_result(job.results, job.owner))
        provenance = _provenance(job, reader, analyzer)
        schema = job.columns.schema(analyzer.artifact.manifest)
        overlay = _overlay(job, reader.info, claim.path, schema)
        has_overlay = overlay is None or overlay.path.exists()
        if job.resume and has_overlay and is_finished(claim.path, provenance):
            add_missing_events(claim.path)
            return FileReport(source=job.name, result=claim.path, was_finished=True)
        summarizer = Summarizer(schema.spaces)
        neutrals = job.neutral.neutrals(analyzer, job.source, job.read)
        # Its threads end before the process does, also if stopped between two rows.
        run = analyzer.run(reported(reader, on_frame), neutrals.of_track)
        results = stack.enter_context(closing(run))
        pictures = job.read.pictures(job.source)
        rows = summarizer.observe(with_names(results, job.label, pictures))
        first = next(rows, None)
        if first is None:
            raise no_frame_chosen(reader.info.name)
        with ExitStack() as files:
            events = files.enter_context(EventLog(claim.path, schema.arrow(), job.label))
            table = files.enter_context(
                TableWriter(claim.path, schema, provenance, claim.part, events.add)
            )
            if overlay:
                files.enter_context(overlay)
            error, stop = _write_rows(job, chain([first], rows), table, overlay)
            error = error or lost_frames(reader, pictures)
            error = error and job.renamed(error)
            if error:
                table.mark_incomplete(error)
    if stop:
        raise stop
    note = note_of(reader, neutrals, summarizer)
    return FileReport(
        source=job.name,
        result=claim.path,
        overlay=overlay.path if overlay else None,
        summary=summarizer.run(time.monotonic() - started_s),
        tracks=summarizer.tracks(),
        error=error,
        note=job.renamed(note) if note and not error else None,
    )


def _write_rows(
    job: FileJob,
    rows: Iterable[FaceResult],
    table: TableWriter,
    overlay: "FilmOverlay | StillsOverlay | None",
) -> tuple[str | None, Stopped | None]:
    """Write rows; return why they end early, and what stops the command after them."""
    try:
        for row in rows:
            table.write([row])
            if overlay:
                overlay.write([row])
    except UnreadableVideo as broken:
        return str(broken), None
    except KeyboardInterrupt as interrupt:
        return None, end_of_live(job, interrupt)
    return None, None


def end_of_live(job: FileJob, stop: KeyboardInterrupt) -> Stopped | None:
    """End a live source here; return the exception that stops the command after it."""
    if not job.is_live:
        raise stop
    return stop if isinstance(stop, Stopped) else None


def _overlay(
    job: FileJob, info: VideoInfo, result: Path, schema: ResultSchema
) -> "FilmOverlay | StillsOverlay | None":
    if job.overlay is None:
        return None
    # Drawing takes 40 ms to import.
    from wildaffect.analysis.overlays import open_overlay  # noqa: PLC0415

    return open_overlay(job.overlay, job.source, job.read, info, result, schema)


def _check_overlay(job: FileJob) -> None:
    if job.overlay and job.is_live:
        raise UsageError(
            f"{job.name}: overlay must have a source that can be read twice, got a live "
            "one; record it to a file first"
        )


def lost_frames(reader: VideoReader, pictures: Sequence[Path]) -> str | None:
    """Return a message about frames of a source without a row, if any."""
    if not reader.damage.lost:
        return None
    names = [pictures[index].name for index in reader.damage.lost[:5]] if pictures else []
    return _damage(reader) + (f": {', '.join(names)}" if names else "")


def _damage(reader: VideoReader) -> str:
    return f"{reader.info.name}: {reader.damage.describe()}"


def note_of(reader: VideoReader, neutrals: Neutrals, summarizer: Summarizer) -> str | None:
    """Return warnings about a source that affected no row, if any."""
    notes = [_damage(reader)] if reader.damage else []
    if neutrals.are_shared and summarizer.most_faces > 1:
        notes.append(
            f"{reader.info.name}: up to {summarizer.most_faces} people at once, all read "
            "against the one neutral face that was given"
        )
    return "; ".join(notes) or None


def reported(reader: VideoReader, on_frame: OnFrame) -> Iterator[Frame]:
    """Yield the frames of a source and report each."""
    for frame in reader:
        on_frame(reader.info, frame)
        yield frame


def _provenance(job: FileJob, reader: VideoReader, analyzer: Analyzer) -> Provenance:
    source = asdict(reader.info) | {"path": job.owner}
    if job.remote and job.remote.source:
        source["name"] = job.name
    if not job.is_live:
        source["stamp"] = job.stamp()
    return Provenance(
        source=source, artifact=describe_artifact(analyzer), options=options_of(job)
    )


def options_of(job: FileJob) -> dict[str, Any]:
    """Return all options that affect rows, for a sidecar."""
    options = asdict(job.read) | asdict(job.columns)
    options |= {"overlay": asdict(job.overlay) if job.overlay else None}
    return options | {"neutral": job.neutral.describe()}
