"""Terminal output: progress, a table per file, and a final line."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from wildaffect.analysis.job import FileJob, FileReport
from wildaffect.core.console import Console
from wildaffect.core.frames import VideoInfo
from wildaffect.core.progress import ProgressDisplay
from wildaffect.outputs.claim import part_path
from wildaffect.outputs.report_text import summary_json, summary_line, track_table
from wildaffect.outputs.summary import total
from wildaffect.video.expand import Skipped

MAX_SKIPPED = 20
"""Maximum number of lines about skipped files; the last line counts all."""


MIN_SPEED_S = 0.5
"""Time from the first frame until a speed is shown."""


class Terminal:
    """Progress on standard error while `progress` is open, reports on standard output.

    Args:
        jobs: Sources whose reports are to come, in the order of the JSON document.
        quiet: Print only errors and the last line.
        as_json: Print one JSON document on standard output in place of text.
        skipped: Files found in folders that are not read.
        to_stderr: Print reports on standard error, as standard output has rows.
    """

    def __init__(
        self,
        *,
        jobs: Sequence[FileJob],
        quiet: bool,
        as_json: bool,
        skipped: Sequence[Skipped] = (),
        to_stderr: bool = False,
    ) -> None:
        self._jobs, self._skipped = jobs, skipped
        self._quiet, self._as_json = quiet, as_json
        self._numbers = {
            (job.name, job.label): number for number, job in enumerate(jobs, start=1)
        }
        self._starts: dict[tuple[str, str | None], tuple[int, float]] = {}
        """First frame of each source in progress, and its time."""
        self._out = Console(stderr=to_stderr, highlight=False, soft_wrap=True)
        self.progress = ProgressDisplay(quiet=quiet)
        self._reports: list[FileReport] = []
        self._started_s = time.monotonic()

    @property
    def has_errors(self) -> bool:
        """Return whether any job failed or ended early."""
        return any(report.error is not None for report in self._reports)

    def on_frame(self, job: FileJob, info: VideoInfo, num_frames: int) -> None:
        """Show the progress of one source."""
        key, now_s = (job.name, job.label), time.monotonic()
        many = len(self._numbers) > 1
        prefix = f"[{self._numbers[key]}/{len(self._numbers)}] " if many else ""
        before, since_s = self._starts.setdefault(key, (num_frames - 1, now_s))
        text = f"{prefix}{info.name}"
        if now_s - since_s >= MIN_SPEED_S:
            speed = (num_frames - before) / job.read.every / (now_s - since_s)
            text += f", {speed:.0f} frames/s"
        self.progress.show(_row(*key), num_frames, info.num_frames, text=text)

    def add(self, report: FileReport) -> None:
        """Show the outcome of one job."""
        key = (report.source, report.label)
        self.progress.remove(_row(*key))
        self._starts.pop(key, None)
        self._reports.append(report)
        if report.error:
            self.progress.print(f"wildaffect: {report.error}")
        if report.note:
            self.progress.print(f"wildaffect: {report.note}")
        if not (self._quiet or self._as_json):
            with self.progress.hidden():
                self._print(report)

    def _print(self, report: FileReport) -> None:
        if report.was_finished:
            self._out.print(
                f"{report.result or report.uploaded[0]}: finished before, left as it is",
                markup=False,
            )
            return
        for path in (report.result, report.overlay, *report.uploaded):
            if path:
                self._out.print(f"wrote {path}", markup=False)
        if report.tracks:
            self._out.print(track_table(report.tracks))
        elif report.summary and not report.summary.num_faces:
            self._out.print(f"no face was found in {report.source}", markup=False)

    def name_unfinished(self) -> None:
        """Name what an interrupted run left of the sources in progress."""
        if self._quiet:
            return
        parts = [part_path(name) for job in self._jobs for name in job.results]
        for part in filter(Path.exists, parts):
            self.progress.print(
                f"unfinished: {part}; `wildaffect recover` makes it a result, "
                "--resume analyzes its source anew"
            )

    def close(self) -> None:
        """Print the last line, or the JSON document."""
        done = [report.summary for report in self._reports if report.summary]
        run = total(done, time.monotonic() - self._started_s)
        if self._as_json:
            self._out.out(json.dumps(self._document(), indent=1, default=str))
            return
        if not done and len(self._numbers) == 1 and self.has_errors:
            return
        if not self._quiet:
            self._name_skipped()
        finished = sum(report.was_finished for report in self._reports)
        failed = sum(report.error is not None for report in self._reports)
        parts = [summary_line(run)] if done or not finished else ["nothing was analyzed"]
        parts += [f"{finished} finished before"] if finished else []
        parts += [f"{failed} with errors"] if failed else []
        parts += [f"{len(self._skipped)} skipped"] if self._skipped else []
        self._out.print("; ".join(parts), markup=False)

    def _name_skipped(self) -> None:
        for each in self._skipped[:MAX_SKIPPED]:
            self.progress.print(f"skipped {each.path}: {each.reason}")
        rest = len(self._skipped) - MAX_SKIPPED
        if rest > 0:
            self.progress.print(f"skipped {rest} more; --json names all")

    def _document(self) -> dict[str, object]:
        files = []
        # Several at once end in any order; folders that cannot be listed come first.
        in_order = sorted(
            self._reports,
            key=lambda each: self._numbers.get((each.source, each.label), 0),
        )
        for report in in_order:
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


def _row(source: str, label: str | None) -> str:
    """Return the name of a source's row."""
    return f"{source} {label}"
