"""Rows of the clips of one video while it is read, in bounded memory.

Each track that is still in the video has the crops of one clip in memory.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from wildaffect.core.faces import FrameFaces
from wildaffect.features.clip_sets import StartedClips
from wildaffect.features.clips import Clip, ClipCutter
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.numbers import Blocks
from wildaffect.features.records import Provenance, TableHead
from wildaffect.features.rows import faces_to_read
from wildaffect.features.spool import Spool, TrackRows

BATCH_CLIPS = 4
"""Number of clips to embed at once; a processor computes them one by one."""


class ClipRows:
    """Collects the clips of one set in a video frame by frame, as `VideoRows` does faces.

    Args:
        started: Set of clips with its function.
        folder: Folder of the unnamed temporary file.
        crop: Place of the set's crop among the crops of a face.
        is_crops: True if each frame is a crop: only its largest face is used, all in one
            track.

    Attributes:
        num_clips: Number of clips.
        num_short: Number of pieces of tracks that were too short for a clip.
    """

    def __init__(
        self, started: StartedClips, folder: Path, *, crop: int, is_crops: bool
    ) -> None:
        self._set, self._embed = started
        self._crop, self._is_crops = crop, is_crops
        self._spool = Spool(folder, len(self._set.columns))
        self._cutters: dict[str, ClipCutter] = {}
        self._waiting: list[Clip] = []
        self._tracks: dict[str, TrackRows] = {}
        self.num_clips = self.num_short = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def add(self, seen: FrameFaces) -> None:
        """Add the faces that were not interpolated; of a crop only the largest.

        Raises:
            OutputError: If the disk is full.
        """
        for track, face in faces_to_read(seen, is_crops=self._is_crops):
            if track not in self._cutters:
                self._cutters[track] = ClipCutter(self._set.sampling)
            cutter, crop = self._cutters[track], face.crops[self._crop]
            self._take(track, cutter.add(seen.frame_index, seen.time_s, crop))
        live = {"0"} if self._is_crops else {str(track) for track in seen.live_ids}
        for track in self._cutters.keys() - live:
            self._end(track)

    def tables(
        self, job: ExtractSource, origins: dict[str, Provenance]
    ) -> Iterator[tuple[TableHead, Blocks]]:
        """Yield the tracks to store; a video without any clip has one empty track.

        Raises:
            OutputError: If the disk is full.
        """
        for track in list(self._cutters):
            self._end(track)
        if self._waiting:
            self._compute()
        tracks = self._tracks or {"0": TrackRows()}
        for name, track_rows in tracks.items():
            head = TableHead(
                feature_set=self._set.name,
                video=job.video,
                track=name,
                columns=self._set.columns,
                frame_number=np.array(track_rows.numbers, dtype=np.int64),
                time_s=np.array(track_rows.times_s, dtype=np.float64),
                provenance=origins[self._set.name],
                num_tracks=len(tracks),
                numbering=job.numbering,
                time_is_guessed=job.images is not None,
                clips=self._set.sampling,
            )
            positions = np.array(track_rows.positions, dtype=np.int64)
            yield head, self._spool.blocks(positions)

    def _take(self, track: str, clips: Iterable[Clip]) -> None:
        for clip in clips:
            rows = self._tracks.setdefault(track, TrackRows())
            rows.add(clip.frame_number, clip.time_s, self.num_clips)
            self.num_clips += 1
            self._waiting.append(clip)
            if len(self._waiting) == BATCH_CLIPS:
                self._compute()

    def _end(self, track: str) -> None:
        cutter = self._cutters.pop(track)
        self._take(track, cutter.end())
        self.num_short += cutter.num_short

    def _compute(self) -> None:
        self._spool.add(self._embed(self._waiting))
        self._waiting = []
