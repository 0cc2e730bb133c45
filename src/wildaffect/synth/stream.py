"""Planned videos in memory: pictures, labels and exact ground truth without files.

For passes over thousands of people, such as a training recipe that only stores features.
The output is that of `dataset`, before file compression.

    preset = replace(PRESETS["wild"].with_people(2000), rows_per_video=100)
    for video in plan_world(preset, seed=7, statistics="wild", size_px=112):
        clip = open_clip(video)
        pictures = [crop.rgb for crop in clip.crops]
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.synth.behavior import Behavior
from wildaffect.synth.clip import Crop, draw_crops
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PlannedVideo, annotations_of
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.statistics import STATISTICS
from wildaffect.synth.take import Take, draw_take
from wildaffect.synth.whole import SIDES_PER_CROP, WholeFrame, draw_whole_frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The annotated frames of one video, in order. Symbols: N annotated frames."""

    video: PlannedVideo
    frame_number: NDArray[np.int64]
    """Frame numbers as in annotations and image names, from 1, strictly ascending, shape
    (N,)."""
    time_s: NDArray[np.float64]
    """Times on the video's clock, frame 1 at 0 s, shape (N,)."""
    annotations: Annotations
    """Annotations with masks: one row per frame, without repeats."""
    truth: Behavior
    """Exact ground truth of these frames."""
    held: NDArray[np.float32]
    """Share by which a hand or microphone is in front of the face, in [0, 1], shape
    (N,)."""
    crops: Iterator[Crop]
    """N aligned pictures, rendered on demand, once."""

    def __len__(self) -> int:
        return len(self.frame_number)


def open_clip(video: PlannedVideo, *, renderer: Renderer | None = None) -> Clip:
    """Return a planned video's annotated frames, determined by the plan's row.

    Nothing is rendered before `crops` is iterated; labels and ground truth alone cost
    milliseconds.

    Args:
        video: A row of `plan.plan_world`.
        renderer: Renderer with a window of the video's size, reused by the next clip.
    """
    take = take_of(video)
    rows = video.frame_numbers - 1
    size = video.size_px
    return Clip(
        video=video,
        frame_number=video.frame_numbers,
        time_s=rows / FPS,
        annotations=annotations_of([video], source=video.name, with_repeats=False),
        truth=take.behavior.at(rows),
        held=take.held[rows],
        crops=draw_crops(take, rows, renderer=renderer or Renderer(size, size)),
    )


def stream_frames(video: PlannedVideo) -> Iterator[WholeFrame]:
    """Yield every frame of a planned video, annotated or not, 30 per second.

    Picture i (from 0) is frame i + 1 of the annotations, at i / 30 s. The last is the last
    annotated frame. See `whole` for what they show.
    """
    side = SIDES_PER_CROP * video.size_px
    return draw_whole_frames(take_of(video), renderer=Renderer(side, side))


def take_of(video: PlannedVideo) -> Take:
    """Return the take that determines a planned video's pictures."""
    return draw_take(
        video.seed,
        identity=video.identity,
        num_frames=video.num_frames,
        statistics=STATISTICS[video.statistics],
    )
