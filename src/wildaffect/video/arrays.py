"""Images in memory, as numpy arrays."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.frames import VideoInfo, check_rgb
from wildaffect.video.picture import STILL_S, Damage, Picture


class ArraySource:
    """RGB images in the order given; without `fps` each is a separate shot.

    Raises:
        UsageError: If an array is not an 8-bit RGB image.
    """

    skipped: tuple[Path, ...] = ()

    def __init__(self, images: Sequence[NDArray[np.uint8]], *, fps: float | None) -> None:
        for index, image in enumerate(images):
            check_rgb(image, f"image {index}")
        self.damage = Damage()
        self._images = images
        self._fps = fps
        height, width = images[0].shape[:2]
        self.info = VideoInfo(
            name=f"{len(images)} arrays" if len(images) > 1 else "array",
            width=width,
            height=height,
            fps=fps,
            num_frames=len(images),
            duration_s=None if fps is None else len(images) / fps,
            rotation_deg=0,
            codec="arrays",
        )

    def __iter__(self) -> Iterator[Picture]:
        per_s = 1 / STILL_S if self._fps is None else self._fps
        for index, image in enumerate(self._images):
            yield Picture(
                index=index,
                time_s=index / per_s,
                load=partial(np.array, image, order="C"),
                shot_start=self._fps is None,
            )

    def close(self) -> None:
        """Do nothing: nothing is open."""
