"""Progress display of an extraction, with failures and a final line."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
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

from wildaffect.core.console import Console
from wildaffect.core.frames import VideoInfo
from wildaffect.core.printable import printable
from wildaffect.features.engine import Engine, run_jobs
from wildaffect.features.extract import Extracted
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.store import FeatureStore

_REFRESH_S = 0.2


class ExtractProgress:
    """Progress bars on standard error: one for all videos, one for each active video.

    Args:
        jobs: Sources in the order of the report.
        quiet: No bars.
    """

    def __init__(self, jobs: Sequence[ExtractSource], *, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=quiet,
            transient=True,
        )
        self._place = {job.video: place for place, job in enumerate(jobs)}
        self._videos = self._bars.add_task("videos", total=len(jobs))
        self._at_work: dict[str, TaskID] = {}
        self._outcomes: list[Extracted] = []
        self._started_s = time.monotonic()
        self._shown_s = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def watch(self, job: ExtractSource, info: VideoInfo, num_frames: int) -> None:
        """Show the progress of one video."""
        if job.video not in self._at_work:
            self._at_work[job.video] = self._bars.add_task(
                printable(job.video), total=info.num_frames
            )
        now_s = time.monotonic()
        if now_s - self._shown_s >= _REFRESH_S:
            self._shown_s = now_s
            self._bars.update(self._at_work[job.video], completed=num_frames)

    def add(self, outcome: Extracted) -> None:
        """Count one video as finished."""
        self._outcomes.append(outcome)
        if outcome.video in self._at_work:
            self._bars.remove_task(self._at_work.pop(outcome.video))
        self._bars.advance(self._videos)
        for trouble in (outcome.error, outcome.damage):
            if trouble:
                self._console.print(f"wildaffect: {trouble}", markup=False)

    @property
    def has_errors(self) -> bool:
        """Return whether any video failed, did not start, or has undecodable frames."""
        return not all(outcome.is_good for outcome in self._outcomes)

    @property
    def num_left(self) -> int:
        """Videos that are not in the store."""
        finished = {"done", "finished before"}
        return sum(outcome.status not in finished for outcome in self._outcomes)

    def summary(self, store: Path) -> str:
        """Return the last line."""
        total = self._total()
        videos = (
            f"{store}: {total['num_done']} videos extracted, "
            f"{total['num_before']} finished before, {total['num_failed']} failed"
        )
        if total["num_not_begun"]:
            videos += f", {total['num_not_begun']} not begun"
        frames = (
            f"{total['num_frames']} frames, {total['num_faces']} faces, "
            f"{total['num_faceless']} frames without a face"
        )
        if total["num_unreadable"]:
            frames += f", {total['num_unreadable']} that do not decode"
        speed = f"{total['seconds']:.1f} s"
        if total["num_frames"]:
            speed += f", {total['frames_per_s']:.0f} frames/s"
        return "; ".join((videos, frames, speed))

    def as_json(self) -> str:
        """Return everything as a JSON document, videos in the order of the jobs."""
        ordered = sorted(self._outcomes, key=lambda outcome: self._place[outcome.video])
        videos = [asdict(outcome) for outcome in ordered]
        return json.dumps({**self._total(), "videos": videos}, indent=1)

    def _total(self) -> dict[str, float]:
        count = Counter(outcome.status for outcome in self._outcomes)
        seconds = time.monotonic() - self._started_s
        sums = {
            name: sum(getattr(outcome, name) for outcome in self._outcomes)
            for name in ("num_frames", "num_faces", "num_faceless", "num_unreadable")
        }
        return {
            "num_videos": len(self._place),
            "num_done": count["done"],
            "num_before": count["finished before"],
            "num_failed": count["failed"] + count["not stored"],
            "num_not_begun": count["not begun"],
            **sums,
            "seconds": round(seconds, 3),
            "frames_per_s": round(sums["num_frames"] / seconds, 2),
        }


def extract_all(
    jobs: Sequence[ExtractSource], store: FeatureStore, engine: Engine, *, quiet: bool
) -> ExtractProgress:
    """Extract every video that is not in the store yet, with bars on standard error.

    Raises:
        OutputError: If the store cannot be written to at all.
    """
    with ExtractProgress(jobs, quiet=quiet) as progress:
        outcomes = run_jobs(jobs, store, engine, progress.watch)
        with closing(outcomes):  # workers stop before the bars
            for outcome in outcomes:
                progress.add(outcome)
    return progress
