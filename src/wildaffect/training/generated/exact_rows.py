"""Measured rows of a generated data set with their exact ground truth.

Symbols: N rows, D columns of the inputs, A generated action units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import MissingData
from wildaffect.features.geometry import GEOMETRY_NAMES, split_row
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.features.world_features import FEATURE_SET, store_of
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import population_changes, track_changes
from wildaffect.synth.exact import NAME as EXACT

Rows = NDArray[np.float32]
AT_REST = 0.1
"""Upper limit of the strongest action unit of a face at rest."""
MIN_FRAMES_AT_REST = 3
"""Minimum number of frames at rest for a subject to count in the population mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRows:
    """Frames of one split with measures and exact ground truth."""

    person: NDArray[np.int64]
    """Video of each row, shape (N,); each video shows a different person."""
    time_s: NDArray[np.float64]
    geometry: Rows
    blendshapes: Rows
    """Measured geometry and blendshapes, one row per frame."""
    truth: Mapping[str, NDArray[np.generic]]
    """Ground truth with the keys of `synth.exact.exact_truth`, one row per frame."""

    def __len__(self) -> int:
        return len(self.person)


def read_exact_rows(world: Path, split: str) -> ExactRows:
    """Read the frames of a generated data set that have stored features.

    Raises:
        MissingData: If the folder has no exact ground truth or no such split.
    """
    path = world / EXACT
    if not path.is_file():
        raise MissingData(f"{path}: no such file; generate the data set again")
    with np.load(path) as file:
        exact = {name: file[name] for name in file.files}
    store = FeatureStore(store_of(world))
    ends = np.cumsum(np.bincount(exact["video_index"], minlength=len(exact["videos"])))
    per_row = {name: values for name, values in exact.items() if len(values) == ends[-1]}
    found: list[dict[str, NDArray[np.generic]]] = []
    for place in np.flatnonzero(exact["splits"] == split).tolist():
        name = str(exact["videos"][place])
        stored = store.open(EntryName(FEATURE_SET, name, "0"))
        own = slice(ends[place - 1] if place else 0, ends[place])
        rows = np.searchsorted(per_row["frame_number"][own], stored.frame_number)
        geometry, _, blendshapes = split_row(stored.read().astype(np.float32))
        found.append(
            {key: value[own][rows] for key, value in per_row.items()}
            | {"time_s": stored.time_s, "geometry": geometry, "blendshapes": blendshapes}
        )
    if not found:
        raise MissingData(f"{world}: no videos of split {split}")
    joined = {name: np.concatenate([rows[name] for rows in found]) for name in found[0]}
    return ExactRows(
        person=joined.pop("video_index").astype(np.int64),
        time_s=joined.pop("time_s").astype(np.float64),
        geometry=joined.pop("geometry").astype(np.float32),
        blendshapes=joined.pop("blendshapes").astype(np.float32),
        truth=joined,
    )


def face_at_rest(rows: ExactRows) -> dict[str, float]:
    """Return the median over people of the measures at rest, by name."""
    strongest = np.asarray(rows.truth["intensities"], np.float32).max(1)
    means = []
    for person in np.unique(rows.person):
        own = (rows.person == person) & (strongest < AT_REST)
        if own.sum() >= MIN_FRAMES_AT_REST:
            means.append(rows.geometry[own].mean(0))
    values = np.median(means, axis=0).astype(float)
    return dict(zip(GEOMETRY_NAMES, values.round(5).tolist(), strict=True))


def rows_against(rows: ExactRows, policy: NeutralPolicy, *, own_neutral: bool) -> Rows:
    """Return `UNIT_INPUTS` of each row, shape (N, D), track by track.

    Args:
        rows: Complete tracks, in order of time.
        policy: Estimation of a person's neutral face.
        own_neutral: Estimate each person's neutral face; else use the population's.
    """
    parts = []
    starts = np.flatnonzero(np.diff(rows.person, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        own = slice(start, stop)
        geometry, blendshapes = rows.geometry[own], rows.blendshapes[own]
        changes = (
            track_changes(rows.time_s[own], geometry, blendshapes, policy)
            if own_neutral
            else population_changes(geometry, blendshapes, policy)
        )
        parts.append(np.concatenate([changes.geometry, changes.confidence], 1))
    return np.concatenate(parts).astype(np.float32)
