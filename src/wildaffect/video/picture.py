"""Pictures of a source, which are converted to pixels on demand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.frames import VideoInfo

STILL_S = 1.0
"""Interval of stills, which have no time, to keep them in order."""
_NAMED = 5


class DamagedVideoWarning(UserWarning):
    """Parts of a source could not be read; warned once per source, at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a source before its pixels are requested."""

    index: int
    time_s: float
    load: Callable[[], NDArray[np.uint8] | None]
    """Return RGB pixels, shape (H, W, 3); None if unreadable, then recorded as damage.

    Must be called before the next picture is read from the source, or not at all.
    """
    shot_start: bool = False


@dataclass(slots=True)
class Damage:
    """Damage of a source found so far."""

    lost: list[int] = field(default_factory=list)
    """Numbers of frames that could not be decoded and are missing, ascending."""
    repaired: list[int] = field(default_factory=list)
    """Numbers of frames that were delivered, with defects concealed by the decoder."""
    guessed_times: int = 0
    """Frames without a usable time stamp, placed one average frame after the last."""

    unexplained: int = 0
    """Number of declared frames that are missing without an error."""

    def __bool__(self) -> bool:
        return bool(self.lost or self.repaired or self.guessed_times or self.unexplained)

    def describe(self) -> str:
        """Return a one-line description, without the name of the source."""
        parts = []
        if self.lost:
            parts.append(f"{len(self.lost)} not decodable and left out ({_few(self.lost)})")
        if self.repaired:
            parts.append(
                f"{len(self.repaired)} damaged and repaired by the decoder "
                f"({_few(self.repaired)})"
            )
        if self.guessed_times:
            parts.append(
                f"{self.guessed_times} without a usable time stamp, "
                "placed at the average frame rate"
            )
        if self.unexplained:
            parts.append(f"{self.unexplained} fewer than the file announces")
        return "frames: " + "; ".join(parts)


class Source(Protocol):
    """An open source; it is read once."""

    @property
    def info(self) -> VideoInfo:
        """Metadata before the first frame."""

    @property
    def damage(self) -> Damage:
        """Damage found so far."""

    @property
    def skipped(self) -> tuple[Path, ...]:
        """Files of a folder that were skipped, as their names are not those of images."""

    def __iter__(self) -> Iterator[Picture]: ...

    def close(self) -> None:
        """Release the source; may be called repeatedly."""


def _few(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_NAMED])
    return shown + (", ..." if len(numbers) > _NAMED else "")
