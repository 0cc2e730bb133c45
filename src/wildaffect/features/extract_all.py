"""Extraction of any number of videos, and its result."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from wildaffect.engines.engine import Engine, OnFrame, run_jobs
from wildaffect.features.extract import Extracted
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.store import FeatureStore

OnVideo = Callable[[Extracted, int], None]
"""Called with the outcome of each video as it ends, and the number of all videos."""


def counting_videos(
    name: str,
    on_count: Callable[[str, int, int | None], None],
    on_note: Callable[[str], None],
) -> OnVideo:
    """Return a callback that counts the videos that have ended and notes their errors.

    Args:
        name: What is counted, such as `videos`.
        on_count: Called with the name, the number so far and the number of all.
        on_note: Called with why a video failed, or which of its frames do not decode.
    """
    numbers = count(1)

    def on_video(outcome: Extracted, num_videos: int) -> None:
        on_count(name, next(numbers), num_videos)
        for error in (outcome.error, outcome.damage):
            if error:
                on_note(error)

    return on_video


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExtractResult:
    """Outcome of an extraction; failures of single videos are in `videos`."""

    store: Path
    videos: tuple[Extracted, ...]
    """One outcome per video, in the order of the sources."""
    wall_s: float

    @property
    def has_errors(self) -> bool:
        """Return whether any video failed, did not start, or has undecodable frames."""
        return not all(outcome.is_good for outcome in self.videos)

    @property
    def num_left(self) -> int:
        """Number of videos that are not in the store."""
        finished = {"done", "finished before"}
        return sum(outcome.status not in finished for outcome in self.videos)

    def summary(self) -> str:
        """Return one line with all counts."""
        total = self._total()
        videos = (
            f"{self.store}: {total['num_done']} videos extracted, "
            f"{total['num_before']} finished before, {total['num_failed']} failed"
        )
        if total["num_not_begun"]:
            videos += f", {total['num_not_begun']} not begun"
        frames = (
            f"{total['num_frames']} frames, {total['num_faces']} faces, "
            f"{total['num_faceless']} frames without a face"
        )
        if total["num_clips"] or total["num_short"]:
            frames += (
                f", {total['num_clips']} clips, {total['num_short']} appearances too short "
                "for one"
            )
        if total["num_unreadable"]:
            frames += f", {total['num_unreadable']} that do not decode"
        speed = f"{total['seconds']:.1f} s"
        if total["num_frames"]:
            speed += f", {total['frames_per_s']:.0f} frames/s"
        return "; ".join((videos, frames, speed))

    def __repr__(self) -> str:
        return f"ExtractResult({self.summary()})"

    def as_json(self) -> str:
        """Return everything as a JSON document."""
        videos = [asdict(outcome) for outcome in self.videos]
        return json.dumps({**self._total(), "videos": videos}, indent=1)

    def _total(self) -> dict[str, float]:
        count = Counter(outcome.status for outcome in self.videos)
        sums = {
            name: sum(getattr(outcome, name) for outcome in self.videos)
            for name in (
                *("num_frames", "num_faces", "num_faceless", "num_clips", "num_short"),
                "num_unreadable",
            )
        }
        return {
            "num_videos": len(self.videos),
            "num_done": count["done"],
            "num_before": count["finished before"],
            "num_failed": count["failed"] + count["not stored"],
            "num_not_begun": count["not begun"],
            **sums,
            "seconds": round(self.wall_s, 3),
            "frames_per_s": round(sums["num_frames"] / self.wall_s, 2),
        }


def extract_all(
    jobs: Sequence[ExtractSource],
    store: FeatureStore,
    engine: Engine[ExtractSource, Extracted],
    *,
    on_video: OnVideo,
    on_frame: OnFrame[ExtractSource],
) -> ExtractResult:
    """Extract every video that is not in the store yet; a failure does not stop the others.

    Once the store cannot be written, no further video is started.

    Raises:
        OutputError: If the store cannot be written to at all.
    """
    started_s = time.monotonic()
    store.make_folder()
    found: dict[str, Extracted] = {}
    waiting, not_begun = deque(jobs), deque[ExtractSource]()
    with closing(run_jobs(waiting, engine, on_frame)) as outcomes:
        for _, outcome in outcomes:
            found[outcome.video] = outcome
            on_video(outcome, len(jobs))
            if outcome.status == "not stored":
                not_begun.extend(waiting)
                waiting.clear()
    for job in not_begun:
        found[job.video] = Extracted(video=job.video, status="not begun")
        on_video(found[job.video], len(jobs))
    return ExtractResult(
        store=store.root,
        videos=tuple(found[job.video] for job in jobs),
        wall_s=time.monotonic() - started_s,
    )
