"""Batches of pixels from crops on disk, decoded ahead of training in threads.

Symbols: N crops, B crops of a batch, C channels, S side in pixels.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wildaffect.core.errors import MissingData, UnreadableVideo, UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import resize_crop
from wildaffect.features.packs import PackedImage
from wildaffect.video.pixels import read_image

_CROPS_AHEAD = 256
"""Number of crops to decode ahead; at least one batch."""


CropFile = Path | PackedImage
"""Location of a crop: a file of its own, or an entry of a pack."""


def read_crop(file: CropFile, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Read an aligned crop as network input, shape (S, S, C), 0 to 255.

    Raises:
        UnreadableVideo: If the file is not an image, or the image is not square.
    """
    rgb = file.read() if isinstance(file, PackedImage) else read_image(file)
    try:
        return resize_crop(rgb, preprocess)
    except ValueError as error:
        raise UnreadableVideo(
            str(file), f"{error}; cut faces out with `wildaffect crop`"
        ) from None


class Decoded(NamedTuple):
    """Pixels of some crops and their rows."""

    pixels: NDArray[np.uint8]
    """Shape (B, S, S, C)."""
    rows: NDArray[np.int64]
    """Index of each crop among the paths; differs from the requested one if that crop did
    not decode."""


class CropReader:
    """Reads crops by index; a crop that does not decode is replaced by the next that does.

    The replacement is deterministic, so that runs are reproducible.

    Args:
        paths: Locations of N crops.
        preprocess: Preprocessing of the network.
        num_threads: Number of decoding threads.

    Raises:
        UsageError: If the number of threads is less than 1.
    """

    def __init__(
        self, paths: Sequence[CropFile], preprocess: Preprocess, *, num_threads: int = 2
    ) -> None:
        if num_threads < 1:
            raise UsageError(f"decoders: must be at least 1, got {num_threads}")
        self.paths, self.preprocess = paths, preprocess
        self.unreadable: dict[int, str] = {}
        """Index -> error message."""
        self._num_threads = num_threads

    def read(self, row: int) -> tuple[NDArray[np.uint8], int]:
        """Return a crop's pixels (S, S, C) and its index.

        Raises:
            MissingData: If no crop decodes.
        """
        for offset in range(len(self.paths)):
            place = (row + offset) % len(self.paths)
            if place in self.unreadable:
                continue
            try:
                return read_crop(self.paths[place], self.preprocess), place
            except UnreadableVideo as error:
                self.unreadable[place] = str(error)
        raise MissingData(
            f"images: none of {len(self.paths)} decodes; the first: "
            f"{next(iter(self.unreadable.values()))}"
        )

    def batches(self, rows: Iterable[NDArray[np.int64]]) -> Iterator[Decoded]:
        """Yield the crops of each group of rows, in order, decoded ahead in threads."""
        waiting: deque[list[Future[tuple[NDArray[np.uint8], int]]]] = deque()
        pool = ThreadPoolExecutor(self._num_threads, thread_name_prefix="decode")
        try:
            for group in rows:
                waiting.append([pool.submit(self.read, int(row)) for row in group])
                if len(waiting) > max(1, _CROPS_AHEAD // len(group)):
                    yield _join(waiting.popleft())
            while waiting:
                yield _join(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def in_order(num_rows: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Yield all rows in batches; the last batch may be smaller."""
    for first in range(0, num_rows, batch_size):
        yield np.arange(first, min(first + batch_size, num_rows))


def unit_crops(pixels: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return pixels (B, S, S, C) as (B, C, S, S) in [0, 1] on a device."""
    moved = torch.from_numpy(np.ascontiguousarray(pixels)).to(device, non_blocking=True)
    # Contiguous channels: augmentation is twice as fast.
    return moved.permute(0, 3, 1, 2).contiguous().float().div_(255)


def normalizer(preprocess: Preprocess, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the function that normalizes crops in [0, 1], as `faces.crop` does."""
    mean = torch.tensor(preprocess.mean, device=device).view(-1, 1, 1)
    std = torch.tensor(preprocess.std, device=device).view(-1, 1, 1)
    return lambda crops: (crops - mean) / std


def _join(futures: list[Future[tuple[NDArray[np.uint8], int]]]) -> Decoded:
    read = [future.result() for future in futures]
    return Decoded(
        np.stack([pixels for pixels, _ in read]),
        np.array([row for _, row in read], np.int64),
    )
