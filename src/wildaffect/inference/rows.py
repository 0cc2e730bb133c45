"""Rows for the networks from frames with faces; backbones run on batches of faces.

A backbone costs far more than everything else, so it runs only on the faces of rows that a
network reads: about `rate_hz` of them per second and person. Only those have crops.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from wildaffect.core.faces import FaceObservation, FrameFaces, Status
from wildaffect.features.embedding import NETWORK_BATCH
from wildaffect.inference.inputs import FaceRow, Inputs
from wildaffect.inference.manifest import BackboneInput, Manifest

BATCH_FACES = 2 * NETWORK_BATCH
"""Batch size of backbones, in faces."""
BATCH_FRAMES = 64
"""Maximum number of frames that wait for a batch to fill; of their pixels only crops are
kept."""

Rows = tuple[FrameFaces, list[FaceRow]]
"""A frame, its faces without their crops, with the row of each, in their order."""


class FaceRows:
    """Measures the faces of one video.

    Args:
        inputs: Measured inputs.
        at_once: Process each frame before the next arrives, as in live streams.
    """

    def __init__(self, inputs: Inputs, *, at_once: bool) -> None:
        self._inputs = inputs
        self._holds = bool(inputs.backbones) and not at_once

    def run(self, frames: Iterable[FrameFaces]) -> Iterator[Rows]:
        """Yield every frame once, in order, with its rows."""
        batch = _Batch()
        for seen in frames:
            rows = [
                self._inputs.measure(seen.frame_index, seen.time_s, face)
                for face in seen.faces
            ]
            bare = replace(seen, faces=tuple(row.face for row in rows))
            batch.frames.append((bare, rows))
            for face, row in zip(seen.faces, rows, strict=True):
                if face.crops:
                    batch.faces.append(face)
                    batch.rows.append(row)
            if not self._holds or batch.is_full:
                yield from self._whole(batch)
                batch = _Batch()
        yield from self._whole(batch)

    def _whole(self, batch: "_Batch") -> list[Rows]:
        if batch.faces:
            embedded = self._inputs.embed(batch.faces)
            for row, features in zip(batch.rows, embedded, strict=True):
                row.measured.update(features)
        return batch.frames


class GapFiller:
    """Interpolates backbone features in time for the rows of a lost face."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._last: FaceRow | None = None
        """The last row with features of every backbone."""
        self._lost: deque[FaceRow] = deque()

    def push(self, row: FaceRow) -> list[FaceRow]:
        """Add the next row and return those that are now complete, in order."""
        if row.face.status is Status.INTERPOLATED:
            self._lost.append(row)
            return []
        is_whole = all(name in row.measured for name in self._names)
        if is_whole and self._last:
            for lost in self._lost:
                lost.measured.update(self._between(self._last, row, lost.time_s))
        done = [*self._lost, row]
        self._lost.clear()
        if is_whole:
            self._last = row
        return done

    def _between(
        self, before: FaceRow, after: FaceRow, time_s: float
    ) -> dict[str, np.ndarray]:
        share = (time_s - before.time_s) / (after.time_s - before.time_s)
        return {
            name: (
                (1 - share) * before.measured[name] + share * after.measured[name]
            ).astype(np.float32)
            for name in self._names
        }


def embedding_rate_hz(manifest: Manifest) -> float | None:
    """Return the rate in Hz at which backbones run on a face; None for every frame."""
    for member in manifest.members:
        reads = any(isinstance(item, BackboneInput) for item in manifest.inputs_of(member))
        if reads and manifest.window_of(member).is_frame_wise:
            return None
    return manifest.rate_hz


class _Batch:
    """Waiting frames, and their faces that backbones will process."""

    def __init__(self) -> None:
        self.frames: list[Rows] = []
        self.faces: list[FaceObservation] = []
        self.rows: list[FaceRow] = []

    @property
    def is_full(self) -> bool:
        return len(self.faces) >= BATCH_FACES or len(self.frames) >= BATCH_FRAMES
