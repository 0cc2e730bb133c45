"""Rows of a drawn world beside what is exactly true of them.

Symbols: N rows, D columns of the inputs, A drawn action units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import MissingData
from wildaffect.data.world_features import FEATURE_SET, store_of
from wildaffect.features.geometry import GEOMETRY_NAMES, split_row
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.manifest import NeutralPolicy
from wildaffect.inference.neutral import population_changes, track_changes
from wildaffect.synth.exact import NAME as EXACT

Rows = NDArray[np.float32]
UNIT_INPUTS = ("geometry_change", "neutral_confidence")
"""What action units are read from: what moved, and against how well known a face at rest.

Blendshapes are left out: with them, expression and valence of real photographs came out
worse, although those of drawn faces came out better.
"""
AT_REST = 0.1
"""A face whose strongest action unit is weaker than this is at rest."""
FEWEST_AT_REST = 3
"""Frames at rest from which a person counts for the population's face at rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRows:
    """Frames of one split with their measures and their exact truth."""

    person: NDArray[np.int64]
    """Video of each row, shape (N,); each shows another person."""
    time_s: NDArray[np.float64]
    geometry: Rows
    blendshapes: Rows
    """Both as measured, a row each."""
    truth: Mapping[str, NDArray[np.generic]]
    """Keys and meanings of `synth.exact.exact_truth`, a row each."""

    def __len__(self) -> int:
        return len(self.person)


def read_exact_rows(world: Path, split: str) -> ExactRows:
    """Read the frames of a world of which features are stored.

    Raises:
        MissingData: If the folder holds no exact truth, or no such split.
    """
    path = world / EXACT
    if not path.is_file():
        raise MissingData(f"{path}: no such file; draw the world again")
    with np.load(path) as file:
        exact = {name: file[name] for name in file.files}
    store = FeatureStore(store_of(world))
    ends = np.cumsum(np.bincount(exact["video_index"], minlength=len(exact["videos"])))
    per_row = {name: one for name, one in exact.items() if len(one) == ends[-1]}
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
    joined = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    return ExactRows(
        person=joined.pop("video_index").astype(np.int64),
        time_s=joined.pop("time_s").astype(np.float64),
        geometry=joined.pop("geometry").astype(np.float32),
        blendshapes=joined.pop("blendshapes").astype(np.float32),
        truth=joined,
    )


def face_at_rest(rows: ExactRows) -> dict[str, float]:
    """Return the median over people of their measures at rest, by name of the measure."""
    strongest = np.asarray(rows.truth["intensities"], np.float32).max(1)
    means = []
    for person in np.unique(rows.person):
        own = (rows.person == person) & (strongest < AT_REST)
        if own.sum() >= FEWEST_AT_REST:
            means.append(rows.geometry[own].mean(0))
    values = np.median(means, axis=0).astype(float)
    return dict(zip(GEOMETRY_NAMES, values.round(5).tolist(), strict=True))


def rows_against(rows: ExactRows, policy: NeutralPolicy, *, own_neutral: bool) -> Rows:
    """Return `UNIT_INPUTS` of each row, shape (N, D), track by track.

    Args:
        rows: Of whole tracks, in order of time.
        policy: How a person's neutral is estimated.
        own_neutral: Whether it is; else rows are read against the population alone.
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
