"""The sound of a file as blocks of samples on the clock of its frames.

Symbols: N samples.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.sources import open_container
from wildaffect.video.streams import time_zero_s

RATE_HZ = 16_000
"""Rate of the samples; speech networks expect it."""
_LONGEST_JUMP_S = 0.05
"""Distance of time stamps from the number of samples above which silence fills a gap."""

Samples = NDArray[np.float32]


class Waveform:
    """The first sound stream of a file, mixed to one channel at `RATE_HZ`.

    Attributes:
        start_s: Time of the first sample, where the first picture or sound is at 0.

    Raises:
        UnreadableVideo: If the file cannot be opened, or has no sound.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container: InputContainer = open_container(path)
        if not self._container.streams.audio:
            self._container.close()
            raise UnreadableVideo(path, "it holds no sound")
        self._zero_s = float(time_zero_s(self._container))
        stream = self._container.streams.audio[0]
        begin = stream.start_time or 0
        self.start_s = float(begin * (stream.time_base or 0)) - self._zero_s

    def blocks(self) -> Iterator[Samples]:
        """Yield the samples, shape (N,) each, in [-1, 1]; a gap is filled with zeros.

        The file is closed afterwards. Where decoding breaks off, a warning says so.
        """
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        num_samples = 0
        try:
            for frame in self._container.decode(audio=0):
                num_missing = self._num_missing(frame, num_samples)
                if num_missing:
                    yield np.zeros(num_missing, np.float32)
                for part in resampler.resample(frame):
                    yield _samples(part)
                num_samples += num_missing + round(
                    frame.samples * RATE_HZ / frame.sample_rate
                )
            for part in resampler.resample(None):
                yield _samples(part)
        except av.FFmpegError as error:
            reason = (error.strerror or type(error).__name__).lower()
            message = f"{self._path}: the sound breaks off ({reason}); the rest is absent"
            warnings.warn(DamagedVideoWarning(message), stacklevel=2)
        finally:
            self._container.close()

    def _num_missing(self, frame: Any, num_samples: int) -> int:
        """Return the number of samples between those so far and a frame's own time."""
        if frame.pts is None or frame.time_base is None:
            return 0
        time_s = float(frame.pts * frame.time_base) - self._zero_s
        gap_s = time_s - self.start_s - num_samples / RATE_HZ
        return round(gap_s * RATE_HZ) if gap_s > _LONGEST_JUMP_S else 0


def _samples(frame: Any) -> Samples:
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1)


def windows_of(blocks: Iterator[Samples], length: int, step: int) -> Iterator[Samples]:
    """Yield windows of samples, shape (M, length) at a time, `step` apart; all are full.

    Args:
        blocks: Consecutive samples.
        length: Number of samples of a window.
        step: Distance between the starts of windows, at most `length`.
    """
    held: Samples = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        num_windows = (len(held) - length) // step + 1
        if num_windows > 0:
            starts = step * np.arange(num_windows)
            yield held[starts[:, None] + np.arange(length)]
            held = held[num_windows * step :]
