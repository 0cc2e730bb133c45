"""What a person sees of an extraction: progress, failures, one last line."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.frames import VideoInfo
from wildaffect.features.extract import Extracted, Extractor
from wildaffect.features.footage import Footage

_REFRESH_S = 0.2


class ExtractProgress:
    """Two bars on standard error while it is open: all videos, and frames of this one."""

    def __init__(self, *, num_jobs: int, quiet: bool) -> None:
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
        self._videos = self._bars.add_task("videos", total=num_jobs)
        self._frames = self._bars.add_task("", total=None)
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

    def watch(self, job: Footage, info: VideoInfo, num_frames: int) -> None:
        """Show how far one video is."""
        if num_frames == 1:
            self._bars.reset(self._frames, total=info.num_frames, description=job.video)
        now_s = time.monotonic()
        if now_s - self._shown_s >= _REFRESH_S:
            self._shown_s = now_s
            self._bars.update(self._frames, completed=num_frames)

    def add(self, outcome: Extracted) -> None:
        """Count one video as finished."""
        self._outcomes.append(outcome)
        self._bars.advance(self._videos)
        if outcome.error:
            self._console.print(f"wildaffect: {outcome.error}", markup=False)

    @property
    def num_failed(self) -> int:
        """How many videos failed."""
        return sum(outcome.status == "failed" for outcome in self._outcomes)

    def summary(self, store: Path) -> str:
        """Return the last line."""
        count = Counter(outcome.status for outcome in self._outcomes)
        frames, faces, faceless = (
            sum(getattr(outcome, name) for outcome in self._outcomes)
            for name in ("num_frames", "num_faces", "num_faceless")
        )
        seconds = time.monotonic() - self._started_s
        return (
            f"{store}: {count['done']} videos extracted, "
            f"{count['finished before']} finished before, {count['failed']} failed; "
            f"{frames} frames, {faces} faces, "
            f"{faceless} frames without a face; {seconds:.1f} s"
            + (f", {frames / seconds:.0f} frames/s" if frames else "")
        )

    def as_json(self) -> str:
        """Return everything as a JSON document."""
        seconds = round(time.monotonic() - self._started_s, 3)
        videos = [asdict(outcome) for outcome in self._outcomes]
        return json.dumps({"seconds": seconds, "videos": videos}, indent=1)


def extract_all(
    extractor: Extractor, jobs: Sequence[Footage], *, quiet: bool
) -> ExtractProgress:
    """Extract every video that is not in the store yet, with bars on standard error.

    Raises:
        OutputError: If the store cannot be written to at all.
    """
    with ExtractProgress(num_jobs=len(jobs), quiet=quiet) as progress:
        for outcome in extractor.run(jobs, progress.watch):
            progress.add(outcome)
    return progress
