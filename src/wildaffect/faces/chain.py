"""Streaming face chain: the faces in each scanned frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FrameFaces
from wildaffect.core.frames import Frame
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop_choice import CropChoice
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.mesh import FaceMesh
from wildaffect.faces.observe import FaceObserver
from wildaffect.faces.quality import QualityLimits
from wildaffect.faces.scan import ScannedFrame
from wildaffect.faces.search import FaceSearch
from wildaffect.faces.track_buffer import TrackBuffer
from wildaffect.faces.tracker import LiveTrack, Tracker, TrackingLimits
from wildaffect.runtime.network import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFrame:
    """A frame with the tracks in it, before they are measured."""

    frame: Frame
    starts_shot: bool
    """True if no track of earlier frames continues."""
    tracks: tuple[LiveTrack, ...]
    """State of the tracks in view, in this frame."""
    cropped: frozenset[int]
    """Keys of those to crop for backbones."""
    live_keys: frozenset[int]
    """Keys of the tracks in view, and of those that may be found again."""


class FaceChain:
    """Tracks faces through a stream of scanned frames.

    A frame is returned once its faces are final, after at most the run and gap of the
    limits; memory does not grow with the video.

    Args:
        device: Where the networks run.
        preprocesses: Aligned crops to add to observations.
        crop_rate_hz: Number of observations of a track per second with crops; None for all.
        tracking: Limits for when a face counts as found, lost and real.
        quality: Limits below which a face is `low_quality`.
    """

    def __init__(
        self,
        device: Device,
        *,
        preprocesses: tuple[Preprocess, ...] = (),
        crop_rate_hz: float | None = None,
        tracking: TrackingLimits | None = None,
        quality: QualityLimits | None = None,
    ) -> None:
        self._detector = FaceDetector(device)
        self._search = FaceSearch(self._detector)
        self._mesh = FaceMesh(device)
        self._observe = FaceObserver(device, preprocesses, quality or QualityLimits())
        self._limits = tracking or TrackingLimits()
        self._crop_rate_hz = crop_rate_hz

    def run(self, frames: Iterable[ScannedFrame]) -> Iterator[FrameFaces]:
        """Yield every frame once, in order; one run is one video.

        Both steps, `track` and `measure`, may run in threads of their own.
        """
        return self.measure(self.track(frames))

    def track(self, frames: Iterable[ScannedFrame]) -> Iterator[TrackedFrame]:
        """Yield every frame with the tracks in it, at once."""
        tracker = Tracker(self._limits)
        choice = CropChoice(self._crop_rate_hz)
        for scanned in frames:
            frame = scanned.frame
            starts_shot = False
            if scanned.is_new_source or scanned.change.is_cut:
                tracker.start_shot(partial(_goes_on, scanned))
                starts_shot = not tracker.live_keys()
            tracks = self._tracks_in(frame.rgb, frame.time_s, scanned, tracker)
            seen, live_keys = {track.key for track in tracks}, tracker.live_keys()
            yield TrackedFrame(
                frame=frame,
                starts_shot=starts_shot,
                tracks=tuple(map(replace, tracks)),
                cropped=frozenset(choice(frame.time_s, seen, live_keys)),
                live_keys=frozenset(live_keys),
            )

    def measure(self, frames: Iterable[TrackedFrame]) -> Iterator[FrameFaces]:
        """Yield every frame with its faces, once they are final."""
        buffer = TrackBuffer(self._limits)
        for tracked in frames:
            if tracked.starts_shot:
                yield from buffer.end_shot()
            frame = tracked.frame
            faces = {
                track.key: self._observe(
                    frame.rgb, track, with_crops=track.key in tracked.cropped
                )
                for track in tracked.tracks
            }
            buffer.add_frame(frame.index, frame.time_s, faces)
            yield from buffer.settled(tracked.live_keys)
        yield from buffer.end_shot()

    def _tracks_in(
        self,
        rgb: NDArray[np.uint8],
        time_s: float,
        scanned: ScannedFrame,
        tracker: Tracker,
    ) -> list[LiveTrack]:
        return tracker.update(
            time_s,
            scanned.detections,
            look=lambda region: self._mesh(rgb, region),
            detect=lambda: self._detector(rgb),
            finer=lambda candidate: self._search.finer(rgb, candidate),
            search=lambda: self._search.wider(rgb),
            closer=lambda mesh: self._search.closer(rgb, mesh.box_xyxy()),
        )


def _goes_on(scanned: ScannedFrame, box_xyxy: NDArray[np.float32]) -> bool:
    """Return whether a face continues through a cut of the rest of the picture."""
    if scanned.is_new_source:
        return False
    return scanned.change.is_quiet_at(box_xyxy, scanned.frame.rgb.shape)
