"""Generate video of people who do not exist, with exact labels, as a data set."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.core.printable import counted
from wildaffect.synth.presets import PRESETS, Preset, PresetName
from wildaffect.synth.statistics import StatisticsName

if TYPE_CHECKING:
    from wildaffect.synth.dataset import Progress

MAX_CROP_PX, MAX_HEIGHT_PX = 512, 1080
MAX_PEOPLE = 100_000
Files = Literal["crops", "videos", "both", "features"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GeneratedSet:
    """A generated data set on disk."""

    folder: Path
    num_videos: int
    num_images: int
    """Number of images rendered by this call; 0 if the data set was already complete."""
    wall_s: float

    def __repr__(self) -> str:
        drawn = f"{self.num_images} images drawn" if self.num_images else "complete before"
        return f"GeneratedSet({self.folder}: {counted(self.num_videos, 'video')}, {drawn})"


def generate(  # noqa: PLR0913 - each is an option of the command
    preset: PresetName,
    output: str | Path,
    *,
    seed: int = 0,
    num_workers: int = 1,
    size_px: int | None = None,
    statistics: StatisticsName | None = None,
    num_people: int | None = None,
    files: Files = "crops",
    voice: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> GeneratedSet:
    """Generate a data set in the layout of s-Aff-Wild2, or resume an interrupted one.

    Args:
        preset: Size and kind of the data set, a key of `synth.presets.PRESETS`.
        output: Folder to write, empty or with the same data set unfinished.
        seed: Random seed; the same seed generates the same data set.
        num_workers: Number of rendering processes.
        size_px: Side of the crops, 32 to 512; for `scenes` the height of the frame. The
            preset's if None.
        statistics: Frequencies of events; the preset's if None.
        num_people: People in the largest split, the others in proportion; for `scenes` the
            number of videos. The preset's if None.
        files: Aligned crops, videos, both, or `features`: geometry in a feature store.
        voice: Also write features of a voice to the feature store `features` in the folder,
            whose information on valence and arousal is that of `synth.voice.Voice`.
        on_progress: Called with the number of videos done and their total.

    Raises:
        MissingExtra: If numba is not installed.
        UsageError: If an argument is out of its range.
        OutputError: If the folder contains another data set or cannot be written.
    """
    _check(preset, seed, num_workers, size_px, num_people, files)
    if voice and preset == "scenes":
        raise UsageError("generate: scenes have no voice; leave voice out")
    if find_spec("numba") is None:
        raise MissingExtra("generating data", "world")
    started_s = time.monotonic()
    num_images = num_videos = 0
    chosen = PRESETS[preset]
    if num_people is not None:
        chosen = chosen.with_people(num_people)
    write = _writer(preset, files)
    frequencies = statistics or chosen.statistics
    side_px = size_px or chosen.size_px
    for state in write(
        Path(output),
        chosen,
        seed=seed,
        statistics=frequencies,
        size_px=side_px,
        workers=num_workers,
    ):
        num_images, num_videos = state.num_images, state.num_videos
        if on_progress is not None:
            on_progress(state.num_done, state.num_videos)
    if voice:
        _write_voice(Path(output), chosen, seed, frequencies, side_px)
    return GeneratedSet(
        folder=Path(output),
        num_videos=num_videos,
        num_images=num_images,
        wall_s=time.monotonic() - started_s,
    )


def _writer(preset: PresetName, files: Files) -> "Callable[..., Iterator[Progress]]":
    # Imported late, as they need numba.
    from wildaffect.features.world_features import write_world_features  # noqa: PLC0415
    from wildaffect.synth.dataset import write_world  # noqa: PLC0415
    from wildaffect.synth.scene_files import write_scenes  # noqa: PLC0415

    if preset == "scenes":
        return write_scenes
    if files == "features":
        return write_world_features
    return partial(write_world, files=files)


def _write_voice(
    folder: Path, preset: Preset, seed: int, statistics: StatisticsName, size_px: int
) -> None:
    # Imported late, as above.
    from wildaffect.features.store import FeatureStore  # noqa: PLC0415
    from wildaffect.features.world_features import store_of  # noqa: PLC0415
    from wildaffect.features.world_voice import write_voice  # noqa: PLC0415
    from wildaffect.synth.plan import plan_world  # noqa: PLC0415
    from wildaffect.synth.voice import Voice  # noqa: PLC0415

    videos = plan_world(preset, seed=seed, statistics=statistics, size_px=size_px)
    write_voice(FeatureStore(store_of(folder)), videos, Voice())


def _check(
    preset: str,
    seed: int,
    num_workers: int,
    size_px: int | None,
    num_people: int | None,
    files: Files,
) -> None:
    if preset not in PRESETS:
        raise UsageError(
            f"generate: preset must be one of {', '.join(PRESETS)}, got {preset!r}"
        )
    is_scenes = preset == "scenes"
    most_px = MAX_HEIGHT_PX if is_scenes else MAX_CROP_PX
    if size_px is not None and not 32 <= size_px <= most_px:
        raise UsageError(f"generate: size_px must be 32 to {most_px} pixels, got {size_px}")
    if seed < 0 or not 1 <= num_workers <= 4 * (os.cpu_count() or 1):
        raise UsageError(
            "generate: seed must be 0 or more and workers 1 to four times the cores, "
            f"got {seed} and {num_workers}"
        )
    if num_people is not None and not 1 <= num_people <= MAX_PEOPLE:
        raise UsageError(
            f"generate: num_people must be 1 to {MAX_PEOPLE}, got {num_people}"
        )
    if is_scenes and files != "crops":
        raise UsageError(
            f"generate: files={files!r} is not valid for scenes, which are always "
            "videos; leave it out"
        )
