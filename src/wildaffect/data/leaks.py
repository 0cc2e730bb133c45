"""Detection of leaks between splits: shared videos, recordings, people, pictures.

Pictures are compared by a 64-bit difference hash (each pixel of a 9 x 8 thumbnail with its
right neighbor), and pairs of near hashes by their 32 x 32 thumbnails. Only hashes and
thumbnails of a bounded sample are kept in memory, and no picture is shown.

Measured when the limits were set: frames of a clip and of a strongly compressed copy differ
in 4 to 11 bits and by 6 to 9 gray levels; aligned faces of different people (253 pairs) in
at least 9 bits and by 30 levels. Neighboring frames of a clip are near duplicates.

Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013 (difference hash).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.formats.image_names import recording_of

MAX_BITS = 12
"""Hashes that differ in more bits are not compared further."""
MAX_DIFFERENCE = 12.0
"""Mean difference of thumbnails (0 to 255) up to which pictures are near duplicates."""
_FLAT = 2.0
_BLOCK = 256
_POPCOUNT = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Names that two splits share."""

    first: str
    second: str
    videos: tuple[str, ...]
    recordings: tuple[str, ...]
    """Recordings of which one person is in each split; their videos differ."""
    subjects: tuple[str, ...]
    """People in both splits; empty if the data set does not identify people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Hashes of a split's sampled images."""

    names: tuple[str, ...]
    hashes: NDArray[np.uint8]
    """Shape (M, 8)."""
    thumbnails: NDArray[np.uint8]
    """Gray, shape (M, 32, 32)."""
    num_images: int
    """Number of images in the set that was sampled."""
    num_unreadable: int
    num_flat: int
    """Number of nearly uniform pictures, which are excluded."""
    unreadable: tuple[str, ...] = ()
    """Some of their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDuplicates:
    """Near-duplicate images of two splits."""

    first: str
    second: str
    pairs: tuple[tuple[str, str], ...]
    num_compared: tuple[int, int]
    """Sampled images of each split."""


def find_overlaps(splits: dict[str, Annotations]) -> tuple[Overlap, ...]:
    """Compare every two splits by their names of videos and people."""
    overlaps = []
    for (first, one), (second, two) in combinations(splits.items(), 2):
        videos = set(one.videos) & set(two.videos)
        recordings = set(map(recording_of, one.videos)) & set(map(recording_of, two.videos))
        named = _named_people(one) & _named_people(two)
        overlaps.append(
            Overlap(
                first=first,
                second=second,
                videos=tuple(sorted(videos)),
                recordings=tuple(sorted(recordings - set(map(recording_of, videos)))),
                subjects=tuple(sorted(named)),
            )
        )
    return tuple(overlaps)


def hash_pictures(
    folder: Path,
    images: Sequence[str],
    *,
    max_images: int,
    on_image: Callable[[], object] = lambda: None,
) -> Pictures:
    """Read at most `max_images`, evenly spaced over the distinct names."""
    distinct = list(dict.fromkeys(images))
    places = np.linspace(0, len(distinct) - 1, min(max_images, len(distinct)))
    names: list[str] = []
    thumbnails: list[NDArray[np.uint8]] = []
    unreadable: list[str] = []
    num_flat = 0
    for place in np.unique(places.astype(int)).tolist():
        name = distinct[place]
        gray = cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)
        on_image()
        if gray is None:
            unreadable.append(name)
        elif gray.std() < _FLAT:
            num_flat += 1
        else:
            small = cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA)
            thumbnails.append(np.asarray(small, np.uint8))
            names.append(name)
    stacked = np.stack(thumbnails) if thumbnails else np.zeros((0, 32, 32), np.uint8)
    return Pictures(
        names=tuple(names),
        hashes=difference_hash(stacked),
        thumbnails=stacked,
        num_images=len(distinct),
        num_unreadable=len(unreadable),
        num_flat=num_flat,
        unreadable=tuple(unreadable[:5]),
    )


def difference_hash(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 64 bits of each thumbnail: (M, 32, 32) to (M, 8)."""
    small = [
        cv2.resize(image, (9, 8), interpolation=cv2.INTER_AREA) for image in thumbnails
    ]
    if not small:
        return np.zeros((0, 8), np.uint8)
    gray = np.stack(small).astype(np.int16)
    return np.packbits(gray[:, :, 1:] > gray[:, :, :-1], axis=2)[:, :, 0]


def find_near_duplicates(
    first: str, one: Pictures, second: str, two: Pictures
) -> NearDuplicates:
    """Return the pairs of pictures that are nearly the same, block by block."""
    pairs = []
    for start in range(0, len(one.names), _BLOCK):
        block = one.hashes[start : start + _BLOCK, None, :]  # (B, 1, 8)
        bits = _POPCOUNT[block ^ two.hashes[None]].sum(axis=2)  # (B, M)
        for row, column in np.argwhere(bits <= MAX_BITS).tolist():
            left = one.thumbnails[start + row].astype(np.int16)
            right = two.thumbnails[column].astype(np.int16)
            if np.abs(left - right).mean() <= MAX_DIFFERENCE:
                pairs.append((one.names[start + row], two.names[column]))
    return NearDuplicates(
        first=first,
        second=second,
        pairs=tuple(pairs),
        num_compared=(len(one.names), len(two.names)),
    )


def _named_people(annotations: Annotations) -> set[str]:
    """Return the people, unless they are identical to the videos."""
    if annotations.subjects == annotations.videos:
        return set()
    return set(annotations.subjects)
