"""A worker process: analyzes one file after another with one loaded model.

It is a process of its own, so that a decoder that crashes, hangs or takes too much memory
costs one job, and so that canceling is real: the process is killed.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from wildaffect.analysis.files import run_job
from wildaffect.analysis.job import FileJob, FileReport
from wildaffect.analysis.options import (
    ColumnOptions,
    OverlayOptions,
    ReadOptions,
    build_analyzer,
)
from wildaffect.core.errors import WildAffectError, unexpected
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.core.printable import printable
from wildaffect.core.processes import end_with_parent
from wildaffect.inference.analyzer import Analyzer
from wildaffect.runtime.network import Device
from wildaffect.serving.formats import write_formats
from wildaffect.serving.records import Kind, Progress
from wildaffect.serving.tasks import Outcome, Task, WorkerSettings

_PROGRESS_S = 0.2


def run_worker(connection: Connection, settings: WorkerSettings) -> None:
    """Analyze the tasks that arrive until the connection is closed."""
    prepare_process(settings.max_memory_mb)
    analyzer: Analyzer | None = None
    with suppress(EOFError, OSError):  # the service has closed the connection
        while True:
            task: Task = connection.recv()
            try:
                analyzer = analyzer or build_analyzer(
                    settings.model, device=Device(name=settings.device)
                )
                outcome = _analyze(task, analyzer, connection)
            except WildAffectError as error:
                outcome = Outcome(error=_without_paths(str(error), task))
            except MemoryError:
                outcome = Outcome(error=f"{task.name}: needs more memory than is allowed")
            except Exception as error:
                outcome = Outcome(error=_without_paths(unexpected(task.name, error), task))
            connection.send(outcome)


def prepare_process(max_memory_mb: int) -> None:
    """Set up a process that reads files of unknown origin.

    It ends with the service, leaves interrupts to it, allocates a limited amount of memory
    where the system can limit it, and leaves no memory dump, which would hold faces.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = max_memory_mb << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _analyze(task: Task, analyzer: Analyzer, connection: Connection) -> Outcome:
    options = task.options
    has_overlay = options.overlay or options.blur_faces
    columns = ColumnOptions(landmarks=options.landmarks, blendshapes=options.blendshapes)
    lines = task.folder / f"{Path(task.name).stem}.jsonl"
    job = FileJob(
        source=task.source,
        label=task.name,
        results=(lines,),
        read=ReadOptions(
            start_s=options.start_s, stop_s=options.stop_s, every=options.every
        ),
        columns=columns,
        overlay=OverlayOptions(blur_faces=options.blur_faces) if has_overlay else None,
    )
    progress = _ProgressSender(connection)
    report = run_job(job, analyzer, progress)
    progress.send()
    formats = write_formats(lines, columns.schema(analyzer.artifact.manifest), task.source)
    files = dict(formats.files)
    notes = "; ".join(note for note in (report.note, formats.note) if note)
    if report.overlay is not None:
        files[Kind.OVERLAY] = report.overlay.name
    return Outcome(
        results=files,
        summary=_summary(report),
        error=_without_paths(report.error, task) if report.error else None,
        note=_without_paths(notes, task) if notes else None,
    )


class _ProgressSender:
    """Sends the number of decoded frames, a few times per second."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sent_s = 0.0
        self._progress = Progress()

    def __call__(self, info: VideoInfo, frame: Frame) -> None:
        self._progress = Progress(
            frames_done=self._progress.frames_done + 1,
            frames_total=info.num_frames,
            time_s=frame.time_s,
        )
        if time.monotonic() - self._sent_s >= _PROGRESS_S:
            self.send()

    def send(self) -> None:
        """Send the newest number, as after the last frame."""
        self._sent_s = time.monotonic()
        self._connection.send(self._progress)


def _summary(report: FileReport) -> dict[str, Any] | None:
    return None if report.summary is None else asdict(report.summary)


def _without_paths(message: str, task: Task) -> str:
    """Return a message that names the file as the client does."""
    for path, name in ((task.source, task.name), (task.folder, "results")):
        message = message.replace(str(path), name)
    return printable(message)
