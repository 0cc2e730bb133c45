"""A camera of this machine, by its number."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.core.frames import VideoInfo
from wildaffect.video.picture import Damage, Picture


class CameraSource:
    """Frames of a camera.

    Time stamps of cameras are not consistent between systems: the time of a frame is that
    of its arrival on a monotonic clock, 0 at the first. Frames that arrive while none is
    being read are dropped by the driver and have no number.

    Raises:
        UnreadableVideo: If there is no such camera or it returns no picture.
    """

    skipped: tuple[Path, ...] = ()

    def __init__(self, index: int) -> None:
        self._name = f"camera {index}"
        _check_present(self._name, index)
        self.damage = Damage()
        self._capture = cv2.VideoCapture(index)
        if not self._capture.isOpened() or not self._capture.grab():
            self.close()
            raise UnreadableVideo(
                self._name,
                "gives no picture; check that it is connected and no other program uses it",
            )
        self._start_s = time.monotonic()
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.info = VideoInfo(
            name=self._name,
            width=int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            fps=fps if fps > 0 else None,
            num_frames=None,
            duration_s=None,
            rotation_deg=0,
            codec="camera",
        )

    def __iter__(self) -> Iterator[Picture]:
        index = 0
        time_s = 0.0
        while True:
            yield Picture(index=index, time_s=time_s, load=self._load)
            index += 1
            if not self._capture.grab():
                raise TruncatedVideo(self._name, index, "the camera stopped giving any")
            time_s = time.monotonic() - self._start_s

    def close(self) -> None:
        """Release the camera."""
        self._capture.release()

    def _load(self) -> NDArray[np.uint8]:
        is_read, bgr = self._capture.retrieve()
        if not is_read:
            raise UnreadableVideo(self._name, "a picture could not be fetched")
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _check_present(name: str, index: int) -> None:
    """Raise early on Linux, where OpenCV would write to the terminal about it."""
    if not sys.platform.startswith("linux") or Path(f"/dev/video{index}").exists():
        return
    present = sorted(int(path.name[5:]) for path in Path("/dev").glob("video[0-9]*"))
    numbers = ", ".join(map(str, present))
    what_to_do = f"use one of: {numbers}" if present else "none is connected"
    raise UnreadableVideo(name, f"no such camera; {what_to_do}")
