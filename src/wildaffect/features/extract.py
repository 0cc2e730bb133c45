"""Footage to stored features: read, follow faces, embed them, store; one job per video.

Symbols: T rows of a track, D columns.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import FeatureError, WildAffectError
from wildaffect.core.faces import FaceObservation, FrameFaces, Status
from wildaffect.core.frames import VideoInfo
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.features.aligned import faces_as_brought
from wildaffect.features.footage import Footage, content_sha256, frames_of, open_footage
from wildaffect.features.records import (
    FeatureTable,
    Precision,
    Provenance,
    Sidecar,
    feature_key,
)
from wildaffect.features.sets import FeatureSet
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.runtime.network import Device
from wildaffect.video.prefetch import prefetch
from wildaffect.video.read import VideoReader

BATCH_FACES = 64
"""Faces that are embedded at once; the rest of a video's faces are never held."""

Watch = Callable[[Footage, VideoInfo, int], None]
"""Called with the number of frames that were read so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """How features are computed and stored."""

    dtype: Precision = "float16"
    replace: bool = False
    """Whether features of another source or other weights may be overwritten."""
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What became of one video."""

    video: str
    status: Literal["done", "finished before", "failed"]
    num_frames: int = 0
    num_faces: int = 0
    """Rows that were stored, over all tracks."""
    num_tracks: int = 0
    num_faceless: int = 0
    """Frames that gave no row."""
    seconds: float = 0.0
    error: str | None = None


class Extractor:
    """Extracts any number of videos, one at a time."""

    def __init__(
        self, store: FeatureStore, sets: Sequence[FeatureSet], options: ExtractOptions
    ) -> None:
        self._store, self._sets, self._options = store, sets, options
        self._detector = FaceDetector(options.device)
        self._chains: dict[tuple[Preprocess, ...], FaceChain] = {}

    def run(self, jobs: Sequence[Footage], watch: Watch) -> Iterator[Extracted]:
        """Yield what became of each video; one that fails does not stop the others.

        Raises:
            OutputError: If the store cannot be written to at all.
        """
        self._store.make_folder()
        for job in jobs:
            started_s = time.monotonic()
            try:
                yield self._extract(job, watch, started_s)
            except (WildAffectError, OSError) as error:
                yield Extracted(
                    video=job.video,
                    status="failed",
                    seconds=time.monotonic() - started_s,
                    error=str(error),
                )

    def _extract(self, job: Footage, watch: Watch, started_s: float) -> Extracted:
        content = content_sha256(job)
        origins = {one.name: one.provenance(content) for one in self._sets}
        wanted = [
            one for one in self._sets if not self._is_stored(job, one, origins[one.name])
        ]
        if not wanted:
            return Extracted(video=job.video, status="finished before")
        crops = tuple(one.preprocess for one in wanted if one.preprocess)
        rows = _Rows(wanted, is_crops=job.is_crops)
        with (
            open_footage(job) as reader,
            closing(self._faces(job, reader, crops)) as everyone,
        ):
            for number, seen in enumerate(everyone, start=1):
                rows.add(seen)
                watch(job, reader.info, number)
        for table in rows.tables(job, origins):
            self._store.write(table, self._options.dtype)
        return Extracted(
            video=job.video,
            status="done",
            num_frames=rows.num_frames,
            num_faces=rows.num_faces,
            num_tracks=rows.num_tracks,
            num_faceless=rows.num_faceless,
            seconds=time.monotonic() - started_s,
        )

    def _faces(
        self, job: Footage, reader: VideoReader, crops: tuple[Preprocess, ...]
    ) -> Generator[FrameFaces]:
        if job.images == "aligned":
            yield from faces_as_brought(frames_of(job, reader), crops)
            return
        chain = self._chain(crops)
        frames = prefetch(frames_of(job, reader), apply=FrameScanner(self._detector))
        with closing(frames):
            yield from chain.run(frames)

    def _chain(self, crops: tuple[Preprocess, ...]) -> FaceChain:
        """Return the face nets with these crops; compiled once, as that takes a second."""
        if crops not in self._chains:
            self._chains[crops] = FaceChain(self._options.device, preprocesses=crops)
        return self._chains[crops]

    def _is_stored(self, job: Footage, one: FeatureSet, origin: Provenance) -> bool:
        """Return whether a video is finished; remove or refuse what is from elsewhere."""
        key = feature_key(one.name, self._options.dtype, origin)
        matching = 0
        num_tracks = None
        for track in self._store.tracks(one.name, job.video):
            name = EntryName(one.name, job.video, track)
            stored = self._store.sidecar(name)
            if stored.key == key:
                matching, num_tracks = matching + 1, stored.num_tracks
            elif self._options.replace:
                self._store.remove(name)
            else:
                raise FeatureError(_other_origin(stored, self._options.dtype, origin))
        return matching == num_tracks


class _Rows:
    """Rows of one video as they come in, by track."""

    def __init__(self, sets: Sequence[FeatureSet], *, is_crops: bool) -> None:
        self._sets, self._is_crops = sets, is_crops
        self._tracks: dict[str, _Track] = {}
        self.num_frames = 0
        self.num_faceless = 0

    @property
    def num_faces(self) -> int:
        return sum(len(track.numbers) for track in self._tracks.values())

    @property
    def num_tracks(self) -> int:
        return len(self._tracks)

    def add(self, seen: FrameFaces) -> None:
        """Take the faces that were really seen; of a crop only the largest one."""
        faces = [face for face in seen.faces if face.status != Status.INTERPOLATED]
        self.num_frames += 1
        self.num_faceless += not faces
        if self._is_crops and faces:
            faces = [max(faces, key=lambda face: face.face_size_px)]
        for face in faces:
            track = "0" if self._is_crops else str(face.track_id)
            if track not in self._tracks:
                self._tracks[track] = _Track(self._sets)
            self._tracks[track].add(seen, face)

    def tables(
        self, job: Footage, origins: dict[str, Provenance]
    ) -> Iterator[FeatureTable]:
        """Yield what is to be stored; a video without any face gives one empty track."""
        tracks = self._tracks or {"0": _Track(self._sets)}
        for name, track in tracks.items():
            for one, values in zip(self._sets, track.values(), strict=True):
                yield FeatureTable(
                    feature_set=one.name,
                    video=job.video,
                    track=name,
                    columns=one.columns,
                    frame_number=np.array(track.numbers, dtype=np.int64),
                    time_s=np.array(track.times_s, dtype=np.float64),
                    values=values,
                    provenance=origins[one.name],
                    num_tracks=len(tracks),
                    numbering=job.numbering,
                    time_is_guessed=job.images is not None,
                )


class _Track:
    """Rows of one track; faces wait for a batch, numbers for the end of the video."""

    def __init__(self, sets: Sequence[FeatureSet]) -> None:
        self._sets = sets
        self._waiting: list[FaceObservation] = []
        self._done: list[list[NDArray[np.float32]]] = [[] for _ in sets]
        self.numbers: list[int] = []
        self.times_s: list[float] = []

    def add(self, seen: FrameFaces, face: FaceObservation) -> None:
        self.numbers.append(seen.frame_index)
        self.times_s.append(seen.time_s)
        self._waiting.append(face)
        if len(self._waiting) == BATCH_FACES:
            self._embed()

    def values(self) -> list[NDArray[np.float32]]:
        """Return the rows of every set, shape (T, D)."""
        if self._waiting:
            self._embed()
        empty = [np.zeros((0, len(one.columns)), dtype=np.float32) for one in self._sets]
        return [
            np.concatenate([none, *done])
            for none, done in zip(empty, self._done, strict=True)
        ]

    def _embed(self) -> None:
        crop = 0
        for one, done in zip(self._sets, self._done, strict=True):
            faces = self._waiting
            if one.preprocess:
                faces = [replace(face, crops=(face.crops[crop],)) for face in faces]
                crop += 1
            done.append(one.embed(faces))
        self._waiting = []


def _other_origin(stored: Sidecar, dtype: Precision, origin: Provenance) -> str:
    have = {"dtype": stored.dtype, **asdict(stored.provenance)}
    want = {"dtype": dtype, **asdict(origin)}
    differing = [name for name in want if want[name] != have[name]]
    told = "; ".join(f"{name} must be {want[name]}, got {have[name]}" for name in differing)
    return f"{stored.feature_set} of {stored.video}: {told}; use --replace to extract again"
