"""Extract stored features from videos: one job per video."""

import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from wildaffect.core.clips import ClipSampling
from wildaffect.core.errors import (
    FeatureError,
    OutputError,
    WildAffectError,
    unexpected,
    worker_died,
)
from wildaffect.core.faces import FrameFaces
from wildaffect.core.preprocess import Preprocess
from wildaffect.engines.engine import OnFrame
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.features.aligned import faces_as_brought
from wildaffect.features.clip_rows import ClipRows
from wildaffect.features.clip_sets import ClipSet, EmbedClips
from wildaffect.features.extract_sources import (
    ExtractSource,
    content_sha256,
    frames_of,
    open_extract_source,
)
from wildaffect.features.records import Precision, Provenance, Sidecar, feature_key
from wildaffect.features.rows import VideoRows
from wildaffect.features.sets import Embed, FeatureSet, crops_of
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.runtime.network import Device
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.prefetch import prefetch
from wildaffect.video.read import VideoReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """Options for computing and storing features."""

    dtype: Precision = "float16"
    replace: bool = False
    """True to overwrite features of another source or other weights."""
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """Outcome of one video."""

    video: str
    status: Literal["done", "finished before", "failed", "not stored", "not begun"]
    """`not stored` if the store could not be written; later videos are not started."""
    num_frames: int = 0
    """Number of frames read."""
    num_faces: int = 0
    """Number of faces that were read, over all tracks."""
    num_tracks: int = 0
    num_clips: int = 0
    """Number of rows of video backbones, over all sets and tracks."""
    num_short: int = 0
    """Number of pieces of tracks that were too short for a clip, over all sets."""
    num_faceless: int = 0
    """Number of frames that were read and have no row."""
    num_unreadable: int = 0
    """Number of frames or images that do not decode; they have no row either."""
    seconds: float = 0.0
    error: str | None = None
    damage: str | None = None
    """Warnings about a source that could be read."""

    @property
    def is_good(self) -> bool:
        """Return whether the store has every frame of the source."""
        finished = self.status in {"done", "finished before"}
        return finished and not self.num_unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractPlan:
    """Configuration of the workers of an extraction; picklable."""

    store: Path
    sets: tuple[FeatureSet | ClipSet, ...]
    options: ExtractOptions

    @property
    def num_threads(self) -> int:
        """Number of threads of a worker."""
        return self.options.device.threads

    def worker(self) -> "Extractor":
        """Load the networks."""
        return Extractor(FeatureStore(self.store), self.sets, self.options)

    def worker_died(self, job: ExtractSource, how: str) -> Extracted:
        """Return the outcome of a video whose worker was lost with it."""
        error = worker_died(str(job.path), how)
        return Extracted(video=job.video, status="failed", error=error)


class Extractor:
    """Extracts any number of videos, one at a time."""

    def __init__(
        self,
        store: FeatureStore,
        sets: Sequence[FeatureSet | ClipSet],
        options: ExtractOptions,
    ) -> None:
        self._store, self._sets, self._options = store, sets, options
        self._embeds: dict[str, Embed] = {}
        self._embed_clips: dict[str, EmbedClips] = {}
        for feature_set in sets:
            if isinstance(feature_set, ClipSet):
                self._embed_clips[feature_set.name] = feature_set.start()
            else:
                self._embeds[feature_set.name] = feature_set.start()
        self._detector = FaceDetector(options.device)
        self._chains: dict[tuple[Preprocess, ...], FaceChain] = {}

    def run(self, job: ExtractSource, on_frame: OnFrame[ExtractSource]) -> Extracted:
        """Extract one video and return the outcome, also on failure."""
        started_s = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamagedVideoWarning)  # in the outcome
                done = self._extract(job, on_frame)
        except OutputError as error:
            done = Extracted(video=job.video, status="not stored", error=str(error))
        except (WildAffectError, OSError) as error:
            done = Extracted(video=job.video, status="failed", error=str(error))
        except Exception as error:
            done = Extracted(
                video=job.video, status="failed", error=unexpected(str(job.path), error)
            )
        return replace(done, seconds=time.monotonic() - started_s)

    def _extract(self, job: ExtractSource, on_frame: OnFrame[ExtractSource]) -> Extracted:
        content = content_sha256(job)
        origins = {
            feature_set.name: feature_set.provenance(content) for feature_set in self._sets
        }
        wanted = [
            feature_set
            for feature_set in self._sets
            if not self._is_stored(job, feature_set, origins[feature_set.name])
        ]
        if not wanted:
            return Extracted(video=job.video, status="finished before")
        images = [each for each in wanted if isinstance(each, FeatureSet)]
        videos = [each for each in wanted if isinstance(each, ClipSet)]
        crops = [*crops_of(images), *(each.preprocess for each in videos)]
        with ExitStack() as stack:
            rows = stack.enter_context(self._image_rows(job, images))
            clips = [
                stack.enter_context(self._clip_rows(job, each, place))
                for place, each in enumerate(videos, start=len(crops) - len(videos))
            ]
            parts: tuple[VideoRows | ClipRows, ...] = (rows, *clips)
            reader = stack.enter_context(open_extract_source(job))
            everyone = stack.enter_context(closing(self._faces(job, reader, tuple(crops))))
            for number, seen in enumerate(everyone, start=1):
                for part in parts:
                    part.add(seen)
                on_frame(job, reader.info, number)
            for part in parts:
                for head, blocks in part.tables(job, origins):
                    self._store.write_blocks(head, blocks, self._options.dtype)
            return Extracted(
                video=job.video,
                status="done",
                num_frames=rows.num_frames,
                num_faces=rows.num_faces,
                num_tracks=rows.num_tracks,
                num_clips=sum(part.num_clips for part in clips),
                num_short=sum(part.num_short for part in clips),
                num_faceless=rows.num_faceless,
                num_unreadable=len(reader.damage.lost),
                damage=f"{job.path}: {reader.damage.describe()}" if reader.damage else None,
            )

    def _image_rows(self, job: ExtractSource, sets: Sequence[FeatureSet]) -> VideoRows:
        started = [(each, self._embeds[each.name]) for each in sets]
        return VideoRows(started, self._store.root, is_crops=job.is_crops)

    def _clip_rows(self, job: ExtractSource, clip_set: ClipSet, crop: int) -> ClipRows:
        started = (clip_set, self._embed_clips[clip_set.name])
        return ClipRows(started, self._store.root, crop=crop, is_crops=job.is_crops)

    def _faces(
        self, job: ExtractSource, reader: VideoReader, crops: tuple[Preprocess, ...]
    ) -> Generator[FrameFaces]:
        if job.images == "aligned":
            yield from faces_as_brought(frames_of(job, reader), crops)
            return
        chain = self._chain(crops)
        frames = prefetch(frames_of(job, reader), apply=FrameScanner(self._detector))
        with closing(frames):
            yield from chain.run(frames)

    def _chain(self, crops: tuple[Preprocess, ...]) -> FaceChain:
        """Return the face networks with these crops; compiled once, in a second."""
        if crops not in self._chains:
            self._chains[crops] = FaceChain(self._options.device, preprocesses=crops)
        return self._chains[crops]

    def _is_stored(
        self, job: ExtractSource, feature_set: FeatureSet | ClipSet, origin: Provenance
    ) -> bool:
        """Return whether a video is done; remove or reject other features."""
        key = feature_key(feature_set.name, self._options.dtype, origin)
        matching = 0
        num_tracks = None
        for track in self._store.tracks(feature_set.name, job.video):
            name = EntryName(feature_set.name, job.video, track)
            stored = self._store.sidecar(name)
            if stored.key == key:
                matching, num_tracks = matching + 1, stored.num_tracks
            elif self._options.replace:
                self._store.remove(name)
            else:
                clips = feature_set.sampling if isinstance(feature_set, ClipSet) else None
                reason = _other_origin(stored, self._options.dtype, origin, clips)
                raise FeatureError(reason)
        return matching == num_tracks


def _other_origin(
    stored: Sidecar, dtype: Precision, origin: Provenance, clips: ClipSampling | None
) -> str:
    have = {"dtype": stored.dtype, **asdict(stored.provenance)}
    want = {"dtype": dtype, **asdict(origin)}
    if clips and stored.clips and clips != stored.clips:
        have |= asdict(stored.clips) | {"preprocess_sha256": ""}  # the hash of the sampling
        want |= asdict(clips) | {"preprocess_sha256": ""}
    differing = [name for name in want if want[name] != have[name]]
    reason = "; ".join(
        f"{name} must be {want[name]}, got {have[name]}" for name in differing
    )
    where = f"{stored.feature_set} of {stored.video}"
    return f"{where}: {reason}; use `overwrite=True` to extract again"
