"""Plan of a generated data set: videos, people, and annotated frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumns, concatenate
from wildaffect.synth.annotate import GOLDEN, annotate
from wildaffect.synth.behavior import Behavior, draw_behavior
from wildaffect.synth.presets import Preset, Split
from wildaffect.synth.statistics import STATISTICS, StatisticsName, draw_frame_numbers

SPLIT_NUMBERS: dict[Split, int] = {"train": 0, "val": 1, "test": 2}
PEOPLE_PER_SPLIT = 1_000_000
"""Number of identity seeds per split, far more than any data set needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVideo:
    """A planned video, before rendering."""

    name: str
    split: Split
    number: int
    """Position among the videos of its split."""
    identity: int
    """Seed of the person; ranges of the splits are disjoint."""
    seed: tuple[int, ...]
    frame_numbers: NDArray[np.int64]
    """Annotated frames, from 1, ascending."""
    statistics: StatisticsName
    size_px: int

    @property
    def num_frames(self) -> int:
        """Frames of the video up to the last annotated one."""
        return int(self.frame_numbers[-1])

    def behavior(self) -> Behavior:
        """Return the exact ground truth of the video."""
        return draw_behavior(self.seed, self.num_frames, STATISTICS[self.statistics])

    def labels(self, behavior: Behavior) -> TaskColumns:
        """Return the annotations of the video."""
        statistics = STATISTICS[self.statistics]
        return annotate(behavior, self.seed, statistics, place=self.number * GOLDEN % 1)

    def images(self) -> list[str]:
        """Return the name of each annotated frame's image."""
        return [f"{self.name}/{number:05d}.jpg" for number in self.frame_numbers]


def plan_world(
    preset: Preset, *, seed: int, statistics: StatisticsName, size_px: int
) -> list[PlannedVideo]:
    """Return all videos of a data set in the order of its files."""
    videos = []
    for split, num_people in preset.people.items():
        for person in range(num_people):
            identity = (seed * 3 + SPLIT_NUMBERS[split]) * PEOPLE_PER_SPLIT + person
            for take in range(preset.videos_per_person):
                parts = (seed, SPLIT_NUMBERS[split], person, take)
                videos.append(
                    _plan_video(preset, split, identity, parts, statistics, size_px)
                )
    return videos


def _plan_video(
    preset: Preset,
    split: Split,
    identity: int,
    seed: tuple[int, ...],
    statistics: StatisticsName,
    size_px: int,
) -> PlannedVideo:
    rng = np.random.default_rng((*seed, 0x91A))
    rows = preset.rows_per_video * np.exp(preset.length_sigma * rng.standard_normal())
    letter = split[0] if split != "test" else "x"
    return PlannedVideo(
        number=seed[2] * preset.videos_per_person + seed[3],
        name=f"{letter}{seed[2]:04d}-{seed[3]}",
        split=split,
        identity=identity,
        seed=seed,
        frame_numbers=draw_frame_numbers(
            rng, STATISTICS[statistics], max(4, round(rows)), stretch=preset.gap_factor
        ),
        statistics=statistics,
        size_px=size_px,
    )


def annotations_of(
    videos: Sequence[PlannedVideo], *, source: str, with_repeats: bool
) -> Annotations:
    """Return the labels of some videos as a reader of the files would.

    Args:
        videos: All videos of one split.
        source: Name of the set in messages.
        with_repeats: True to repeat some rows, as given by the statistics.
    """
    labels: list[TaskColumns] = []
    numbers: list[NDArray[np.int64]] = []
    images: list[str] = []
    for video in videos:
        picked = (
            _picked_rows(video) if with_repeats else np.arange(len(video.frame_numbers))
        )
        names = video.images()
        images += [names[row] for row in picked]
        frames = video.frame_numbers[picked] - 1
        numbers.append(frames + 1)
        labels.append(video.labels(video.behavior()).take_columns(frames))
    return Annotations(
        source=source,
        videos=tuple(video.name for video in videos),
        subjects=tuple(f"person{video.identity}" for video in videos),
        video_index=np.repeat(np.arange(len(videos)), [len(rows) for rows in numbers]),
        frame_number=np.concatenate(numbers),
        images=tuple(images),
        lines=np.arange(2, len(images) + 2),
        **concatenate(labels).columns(),
    )


def _picked_rows(video: PlannedVideo) -> NDArray[np.int64]:
    rng = np.random.default_rng((*video.seed, 0x2E9))
    num = len(video.frame_numbers)
    share = STATISTICS[video.statistics].repeated_rows
    times = 1 + (rng.random(num) < share)
    return np.repeat(np.arange(num), times)
