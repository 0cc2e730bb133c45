"""Frames of a live source without a backlog, and files played like one."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Condition, Thread

from wildaffect.core.frames import Frame

_STOP_S = 1.0
"""Maximum time to wait for a source that does not answer, as a camera without a network."""


class NewestFrames:
    """The newest frame of a live source, again and again.

    A thread reads the source without pause. A frame that arrives before the last one was
    taken replaces it, so that who is slower than the source gets fewer frames, and never
    old ones. An error of the source is raised after the last frame.
    """

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames
        self._changed = Condition()
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._has_ended = False
        self._is_stopping = False
        self._arrivals: dict[int, float] = {}
        """Frames in progress and the newest."""
        self.num_read = 0
        """Frames that arrived."""
        self.num_dropped = 0
        """Frames that were replaced before they were taken."""

    def __iter__(self) -> Iterator[Frame]:
        thread = Thread(target=self._read, name="newest-frames", daemon=True)
        thread.start()
        try:
            while (frame := self._take()) is not None:
                yield frame
            if self._error is not None:
                raise self._error
        finally:
            self.stop()
            thread.join(_STOP_S)

    def stop(self) -> None:
        """End the frames, also while the source gives none."""
        with self._changed:
            self._is_stopping = self._has_ended = True
            self._newest = None
            self._changed.notify_all()

    def arrived_s(self, index: int) -> float:
        """Return when a frame arrived, by `time.monotonic`; forgets earlier frames.

        Args:
            index: Number of a frame that was taken; never lower than in the call before.
        """
        with self._changed:
            for earlier in [each for each in self._arrivals if each < index]:
                del self._arrivals[earlier]
            return self._arrivals[index]

    def _take(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._has_ended)
            frame, self._newest = self._newest, None
            return frame

    def _read(self) -> None:
        iterator = iter(self._frames)
        try:
            for frame in iterator:
                self._put(frame)
                if self._is_stopping:
                    break
        except BaseException as error:  # raised again in the taker's thread
            self._error = error
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()
            with self._changed:
                self._has_ended = True
                self._changed.notify()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            if self._is_stopping:
                return
            self.num_read += 1
            if self._newest is not None:
                self.num_dropped += 1
                del self._arrivals[self._newest.index]
            self._newest = frame
            self._arrivals[frame.index] = time.monotonic()
            self._changed.notify()


def played(
    frames_of: Callable[[], Iterable[Frame]], *, loop: bool = False
) -> Iterator[Frame]:
    """Yield the frames of a file at the times at which a player would show them.

    Args:
        frames_of: Opens the file; called once per repetition.
        loop: Repeat without end. Numbers and times go on; every repetition is a new shot.

    Errors of the file end the repetitions.
    """
    started_s = time.monotonic()
    first_index, first_s = 0, 0.0
    while True:
        last: Frame | None = None
        gap_s = 0.0
        for frame in frames_of():
            moved = replace(
                frame,
                index=first_index + frame.index,
                time_s=first_s + frame.time_s,
                shot_start=frame.shot_start or (last is None and first_index > 0),
            )
            gap_s = moved.time_s - last.time_s if last else gap_s
            last = moved
            time.sleep(max(started_s + moved.time_s - time.monotonic(), 0.0))
            yield moved
        if last is None or not loop:
            return
        first_index, first_s = last.index + 1, last.time_s + (gap_s or _STILL_S)


_STILL_S = 1.0
"""Duration of a file with one frame when it is repeated."""
