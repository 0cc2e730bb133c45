"""Analysis of a source from remote storage, and of results into it.

A source is copied to this machine before it is read, as decoding seeks, overlays and
neutral faces read it again, and times come from the whole file. The copy and the local
results are removed after the job, so that the disk holds one video per worker.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wildaffect.analysis.job import FileJob, FileReport, OnFrame, options_of
from wildaffect.analysis.lines import run_any
from wildaffect.analysis.options import describe_artifact
from wildaffect.core.errors import OutputError, UnreadableVideo, UsageError
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.sidecar import Provenance, read_sidecar, sidecar_path
from wildaffect.storage.addresses import RemoteParts, join, without_credentials
from wildaffect.storage.remote import (
    RemoteError,
    download,
    look_up,
    read_json,
    remove,
    upload,
)
from wildaffect.storage.scratch import check_space, scratch_folder


def run_staged(job: FileJob, analyzer: Analyzer, on_frame: OnFrame) -> FileReport:
    """Run a job whose source or results are remote; errors are those of `run_job`."""
    remote = job.remote or RemoteParts()
    with scratch_folder() as folder:
        try:
            job = _with_version(job, remote)
            if remote.output:
                job = replace(job, results=(_free_name(job, remote.output),))
            if job.resume and (name := _finished(job, remote.output, analyzer)):
                return _finished_report(job, remote.output, name)
            local = _downloaded(job, folder)
        except RemoteError as error:
            raise UnreadableVideo(job.name, _reason(error, job)) from error
        if remote.output:
            results = tuple(folder / "out" / name for name in job.results)
            local = replace(local, results=results, resume=False)
        try:
            report = run_any(local, analyzer, on_frame)
        except UnreadableVideo as error:
            reason = local.renamed(str(error)).removeprefix(f"{job.name}: ")
            raise UnreadableVideo(job.name, reason) from error
        except UsageError as error:
            raise UsageError(local.renamed(str(error))) from error
        if not remote.output:
            return report
        try:
            uploaded = _upload(folder / "out", remote.output, job.results[0])
        except RemoteError as error:
            raise OutputError(str(error)) from error
        return replace(report, result=None, overlay=None, uploaded=uploaded)


def _with_version(job: FileJob, remote: RemoteParts) -> FileJob:
    """Return a job with the size and version of its remote source."""
    if not remote.source:
        return job
    file = look_up(remote.source)
    stamp = ((remote.name, file.size, file.version),)
    return replace(job, remote=replace(remote, stamp=stamp))


def _downloaded(job: FileJob, folder: Path) -> FileJob:
    """Return a job with its source on this machine."""
    if job.remote is None or not job.remote.source:
        return job
    path = folder / "in" / job.remote.name
    path.parent.mkdir()
    check_space(folder, job.remote.stamp[0][1], job.name)
    download(job.remote.source, path)
    return replace(job, source=path)


def _free_name(job: FileJob, output: str) -> Path:
    """Return the first name without a result of another source in the remote folder."""
    for name in job.results:
        found = _sidecar(name, output)
        if found is None or _source_of(found).get("path") == job.owner:
            return name
    raise OutputError(
        f"{without_credentials(join(output, job.results[0].as_posix()))}: the result of "
        "another input exists; choose another place with -o"
    )


def _finished(job: FileJob, output: str | None, analyzer: Analyzer) -> Path | None:
    """Return the name of the complete result of the same source and options, if any.

    The source is not read: what the sidecar says of it is taken if it is the same version.
    """
    for name in job.results:
        document = _sidecar(name, output)
        source = _source_of(document or {})
        if document is None or not job.owner or source.get("path") != job.owner:
            continue
        provenance = Provenance(
            source=source, artifact=describe_artifact(analyzer), options=options_of(job)
        )
        if (
            source.get("stamp") == job.stamp()
            and document.get("complete") is True
            and document.get("digest") == provenance.digest()
            and document.get("size_bytes") == _size(name, output)
        ):
            return name
    return None


def _finished_report(job: FileJob, output: str | None, name: Path) -> FileReport:
    if output is None:
        return FileReport(source=job.name, result=name, was_finished=True)
    address = without_credentials(join(output, name.as_posix()))
    return FileReport(source=job.name, uploaded=(address,), was_finished=True)


def _source_of(document: dict[str, Any]) -> dict[str, Any]:
    source = document.get("source")
    return source if isinstance(source, dict) else {}


def _sidecar(name: Path, output: str | None) -> dict[str, Any] | None:
    """Return the sidecar of a result; None if there is none that can be read."""
    if output is not None:
        return read_json(join(output, sidecar_path(name).as_posix()))
    with suppress(OutputError):
        return read_sidecar(name)
    return None


def _size(name: Path, output: str | None) -> int | None:
    if output is None:
        return name.stat().st_size if name.is_file() else None
    with suppress(RemoteError):
        return look_up(join(output, name.as_posix())).size
    return None


def _upload(folder: Path, output: str, result: Path) -> tuple[str, ...]:
    """Upload all files of a result; its sidecar, which says that it is complete, last."""
    last = folder / sidecar_path(result)
    remove(join(output, sidecar_path(result).as_posix()))  # that of an older result
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != last]
    addresses = []
    for path in [*files, last]:
        address = join(output, path.relative_to(folder).as_posix())
        upload(path, address)
        addresses.append(without_credentials(address))
    return tuple(addresses)


def _reason(error: RemoteError, job: FileJob) -> str:
    return str(error).removeprefix(f"{job.name}: ")
