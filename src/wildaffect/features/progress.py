"""Progress display of an extraction, with failures and a final line."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from wildaffect.core.frames import VideoInfo
from wildaffect.core.progress import ProgressDisplay
from wildaffect.features.engine import Engine, run_jobs
from wildaffect.features.extract import Extracted
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.store import FeatureStore

_ALL = "videos"


class ExtractProgress:
    """Progress and outcomes of an extraction: a row for all videos, one per active video.

    Args:
        jobs: Sources in the order of the report.
        display: Display that is open while videos are extracted.
    """

    def __init__(self, jobs: Sequence[ExtractSource], display: ProgressDisplay) -> None:
        self._display = display
        self._place = {job.video: place for place, job in enumerate(jobs)}
        self._outcomes: list[Extracted] = []
        self._started_s = time.monotonic()
        self._display.show(_ALL, 0, len(jobs))

    def watch(self, job: ExtractSource, info: VideoInfo, num_frames: int) -> None:
        """Show the progress of one video."""
        self._display.show(
            f"video {job.video}", num_frames, info.num_frames, text=job.video
        )

    def add(self, outcome: Extracted) -> None:
        """Count one video as finished."""
        self._outcomes.append(outcome)
        self._display.remove(f"video {outcome.video}")
        self._display.show(_ALL, len(self._outcomes), len(self._place))
        for trouble in (outcome.error, outcome.damage):
            if trouble:
                self._display.print(f"wildaffect: {trouble}")

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
    """Extract every video that is not in the store yet, with progress on standard error.

    Raises:
        OutputError: If the store cannot be written to at all.
    """
    with ProgressDisplay(quiet=quiet) as display:
        progress = ExtractProgress(jobs, display)
        outcomes = run_jobs(jobs, store, engine, progress.watch)
        with closing(outcomes):  # workers stop before the display
            for outcome in outcomes:
                progress.add(outcome)
    return progress
