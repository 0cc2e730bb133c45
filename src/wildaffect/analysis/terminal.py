"""Terminal output: progress, a table per file, and a final line."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.analysis.job import FileReport, Watch
from wildaffect.core.console import Console
from wildaffect.core.frames import Frame, VideoInfo
from wildaffect.core.printable import printable
from wildaffect.outputs.report_text import summary_json, summary_line, track_table
from wildaffect.outputs.summary import total
from wildaffect.video.expand import Skipped

MAX_SKIPPED = 20
"""Maximum number of lines about skipped files; the last line counts all."""


class Terminal:
    """Progress on standard error while it is open, reports on standard output.

    Args:
        num_jobs: Number of reports to come.
        quiet: Print only errors and the last line.
        as_json: Print one JSON document on standard output in place of text.
        skipped: Files found in folders that are not read.
    """

    def __init__(
        self,
        *,
        num_jobs: int,
        quiet: bool,
        as_json: bool,
        skipped: Sequence[Skipped] = (),
    ) -> None:
        self._skipped = skipped
        self._num_jobs, self._quiet, self._as_json = num_jobs, quiet, as_json
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self._out = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self._errors,
            disable=quiet or not self._errors.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None
        self._reports: list[FileReport] = []
        self._started_s = time.monotonic()

    @property
    def has_errors(self) -> bool:
        """Return whether any job failed or ended early."""
        return any(report.error is not None for report in self._reports)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def watch(self, number: int) -> Watch:
        """Return the progress callback of one job."""
        state = {"frames": 0, "since": time.monotonic(), "shown": 0.0}

        def frame_decoded(info: VideoInfo, frame: Frame) -> None:
            now = time.monotonic()
            state["frames"] += 1
            if now - state["shown"] < 0.2:
                return
            state["shown"] = now
            if self._task is None:
                self._task = self._progress.add_task("", total=None, speed="")
            prefix = f"[{number + 1}/{self._num_jobs}] " if self._num_jobs > 1 else ""
            speed = state["frames"] / max(now - state["since"], 1e-3)
            self._progress.update(
                self._task,
                description=f"{prefix}{printable(info.name)}",
                total=info.num_frames,
                completed=frame.index + 1,
                speed=f"{speed:.0f} frames/s",
            )

        return frame_decoded

    def add(self, report: FileReport) -> None:
        """Show the outcome of one job."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        self._reports.append(report)
        if report.error:
            self._errors.print(f"wildaffect: {report.error}", markup=False)
        if report.note:
            self._errors.print(f"wildaffect: {report.note}", markup=False)
        if self._quiet or self._as_json:
            return
        if report.was_finished:
            self._out.print(
                f"{report.result}: finished before, left as it is", markup=False
            )
            return
        for path in (report.result, report.overlay):
            if path:
                self._out.print(f"wrote {path}", markup=False)
        if report.tracks:
            self._out.print(track_table(report.tracks))

    def close(self) -> None:
        """Print the last line, or the JSON document."""
        done = [report.summary for report in self._reports if report.summary]
        run = total(done, time.monotonic() - self._started_s)
        if self._as_json:
            self._out.out(json.dumps(self._document(), indent=1, default=str))
            return
        if not done and self._num_jobs == 1 and self.has_errors:
            return
        if not self._quiet:
            self._name_skipped()
        failed = sum(report.error is not None for report in self._reports)
        parts = [summary_line(run)]
        parts += [f"{failed} with errors"] if failed else []
        parts += [f"{len(self._skipped)} skipped"] if self._skipped else []
        self._out.print("; ".join(parts), markup=False)

    def _name_skipped(self) -> None:
        for each in self._skipped[:MAX_SKIPPED]:
            self._errors.print(f"skipped {each.path}: {each.reason}", markup=False)
        rest = len(self._skipped) - MAX_SKIPPED
        if rest > 0:
            self._errors.print(f"skipped {rest} more; --json names all", markup=False)

    def _document(self) -> dict[str, object]:
        files = []
        for report in self._reports:
            entry = asdict(report) | {"summary": None, "tracks": []}
            if report.summary:
                document = summary_json(report.summary, report.tracks)
                entry |= {"summary": document["run"], "tracks": document["tracks"]}
            files.append(entry)
        return {
            "files": files,
            "num_errors": sum(bool(report.error) for report in self._reports),
            "skipped": [asdict(each) for each in self._skipped],
            "num_skipped": len(self._skipped),
        }
