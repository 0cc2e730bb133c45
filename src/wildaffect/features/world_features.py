"""A generated data set without stored pictures: annotations, exact truth, features.

For training on thousands of people without pictures on disk. The features are those
of `wildaffect extract` over the crops that `synth make` would have written.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from wildaffect.core.errors import FeatureError
from wildaffect.core.processes import over_processes
from wildaffect.features.extract import ExtractOptions, Extractor
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.sets import measured_sets
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device
from wildaffect.synth.dataset import (
    IMAGES,
    Progress,
    claim_folder,
    describe_world,
    draw_video,
    write_labels,
)
from wildaffect.synth.exact import NAME as EXACT
from wildaffect.synth.exact import exact_truth, write_exact
from wildaffect.synth.plan import PlannedVideo, plan_world
from wildaffect.synth.presets import Preset
from wildaffect.synth.statistics import StatisticsName

FEATURE_SET = "geometry"


def write_world_features(
    folder: Path,
    preset: Preset,
    *,
    seed: int,
    statistics: StatisticsName,
    size_px: int,
    workers: int,
    draw: Callable[[Path, PlannedVideo], int] | None = None,
) -> Iterator[Progress]:
    """Write a world's annotations and features; yields after each video.

    An interrupted run resumes. Arguments and errors are those of
    `synth.dataset.write_world`; the store is `folder / "features"`, the exact truth of
    every annotated frame `folder / "exact.npz"` (see `synth.exact`). `draw` stores the
    features of one video in a store, as `extract_video` and `world_sight.see_video` do.
    """
    videos = plan_world(preset, seed=seed, statistics=statistics, size_px=size_px)
    described = describe_world(preset, seed, statistics, size_px)
    claim_folder(folder, {**described, "files": "features"})
    write_labels(folder, videos, statistics)
    if not (folder / EXACT).exists():
        write_exact(folder, videos, [exact_truth(video) for video in videos])
    root = store_of(folder)
    store = FeatureStore(root)
    waiting = [video for video in videos if not store.tracks(FEATURE_SET, video.name)]
    done, drawn = len(videos) - len(waiting), 0
    yield Progress(num_done=done, num_videos=len(videos), num_images=drawn)
    for num_images in over_processes(
        partial(draw or extract_video, root), waiting, workers
    ):
        done, drawn = done + 1, drawn + num_images
        yield Progress(num_done=done, num_videos=len(videos), num_images=drawn)


def store_of(folder: Path) -> Path:
    """Return the feature store of a world."""
    return folder / "features"


def extract_video(root: Path, video: PlannedVideo) -> int:
    """Render one video, store the features of its frames, and return their number.

    Raises:
        FeatureError: If it could not be extracted.
    """
    with TemporaryDirectory(prefix="wildaffect-") as scratch:
        num_images = draw_video(Path(scratch), video, files="crops")
        crops = Path(scratch) / IMAGES / video.name
        job = ExtractSource(video=video.name, path=crops, images="crops")
        outcome = _extractor(root).run(job, lambda *_: None)
        if outcome.error:
            raise FeatureError(f"{video.name}: {outcome.error}")
    return num_images


@cache
def _extractor(root: Path) -> Extractor:
    """Return the face networks of this process, compiled once."""
    options = ExtractOptions(device=Device())
    store = FeatureStore(root)
    store.make_folder()
    return Extractor(store, measured_sets((FEATURE_SET,)), options)
