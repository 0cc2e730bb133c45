"""Analysis of one source to table, sidecar and overlay; partial results are kept."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wildaffect.analysis.job import FileJob, FileReport, OnFrame, options_of
from wildaffect.analysis.options import describe_artifact
from wildaffect.analysis.source_rows import SourceRows
from wildaffect.core.errors import UsageError
from wildaffect.core.frames import VideoInfo
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.claim import claim_result
from wildaffect.outputs.event_log import EventLog, add_missing_events
from wildaffect.outputs.resume import is_finished
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.table import TableWriter
from wildaffect.video.read import VideoReader

if TYPE_CHECKING:
    from wildaffect.analysis.overlays import FilmOverlay, StillsOverlay


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
        rows = stack.enter_context(SourceRows(job, analyzer, reader, schema, on_frame))
        with ExitStack() as files:
            events = files.enter_context(EventLog(claim.path, schema.arrow(), job.label))
            table = files.enter_context(
                TableWriter(claim.path, schema, provenance, claim.part, events.add)
            )
            receivers = [table.write]
            if overlay:
                files.enter_context(overlay)
                receivers.append(overlay.write)
            stop = rows.send_to(*receivers)
            if rows.error:
                table.mark_incomplete(rows.error)
    if stop:
        raise stop
    return rows.report(result=claim.path, overlay=overlay.path if overlay else None)


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


def _provenance(job: FileJob, reader: VideoReader, analyzer: Analyzer) -> Provenance:
    source = asdict(reader.info) | {"path": job.owner}
    if job.remote and job.remote.source:
        source["name"] = job.name
    if not job.is_live:
        source["stamp"] = job.stamp()
    return Provenance(
        source=source, artifact=describe_artifact(analyzer), options=options_of(job)
    )
