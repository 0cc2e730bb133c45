"""Conversion of stored features to the inputs of a temporal model, as in the analyzer.

An input is a kind of measurement (`geometry`, `geometry_change`, `blendshapes`,
`blendshapes_change`, `pose`) or the name of any feature set in the store. Symbols: T rows
of a track, D columns.
"""

import zlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import FeatureError
from wildaffect.data.stored_sequences import View, whole_rows
from wildaffect.features.geometry import GEOMETRY_COLUMNS, split_row
from wildaffect.features.sets import MEASURED
from wildaffect.features.stored import StoredFeatures
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import AGAINST_NEUTRAL, NeutralPolicy
from wildaffect.inference.neutral import population_changes, track_changes

MEASURED_SET = "geometry"
"""Feature set with the columns of measures, pose and blendshapes."""

Floats = NDArray[np.floating]


def in_order(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return inputs in the order of a feature row, grouped by feature set.

    Raises:
        FeatureError: If there are no inputs, or an input is repeated.
    """
    if not inputs or len(set(inputs)) != len(inputs):
        raise FeatureError(
            f"inputs: must be at least one and each named once, got {', '.join(inputs)}"
        )
    sets = feature_sets(inputs)
    return tuple(sorted(inputs, key=lambda name: sets.index(_set_of(name))))


def feature_sets(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the feature sets of the inputs, each once, in order."""
    return tuple(dict.fromkeys(_set_of(name) for name in inputs))


def set_widths(input_widths: Mapping[str, int]) -> dict[str, int]:
    """Return the number of columns of each feature set, given those of its inputs."""
    widths = dict.fromkeys(feature_sets(tuple(input_widths)), 0)
    for name, width in input_widths.items():
        widths[_set_of(name)] += width
    return widths


def measured_view(
    inputs: Sequence[str], policy: NeutralPolicy, *, neutral_unknown: float = 0.0
) -> View:
    """Return a function that converts a track's stored rows to a model's inputs.

    A person's neutral is estimated per track, as in the analyzer.

    Args:
        inputs: Inputs of the model.
        policy: Policy for the estimate of the neutral.
        neutral_unknown: Share of videos, selected by their names, whose measurements are
            relative to the population alone, as for photographs.

    Returns:
        A function that raises FeatureError if the measured set has other columns.
    """
    kinds = [name for name in inputs if name in COLUMNS]

    def view(track: StoredFeatures) -> Floats:
        if track.sidecar.feature_set != MEASURED_SET or not kinds:
            return whole_rows(track)
        measured = _measured(
            track,
            policy,
            with_changes=any(kind in AGAINST_NEUTRAL for kind in kinds),
            is_known=_share_of(track.sidecar.video) >= neutral_unknown,
        )
        return np.concatenate([measured[kind] for kind in kinds], axis=1)

    return view


def suggest_input(name: str, known: Sequence[str]) -> str:
    """Return the nearest inputs for an unknown name."""
    every = [*COLUMNS, *(name for name in known if name not in MEASURED)]
    return ", ".join(get_close_matches(name, every, n=3) or every)


def _set_of(name: str) -> str:
    return MEASURED_SET if name in COLUMNS else name


def _share_of(video: str) -> float:
    """Return a number in [0, 1), uniformly distributed, from the CRC of a name."""
    return zlib.crc32(video.encode()) / 2**32


def _measured(
    track: StoredFeatures, policy: NeutralPolicy, *, with_changes: bool, is_known: bool
) -> dict[str, Floats]:
    if track.sidecar.columns != GEOMETRY_COLUMNS:
        raise FeatureError(
            f"{MEASURED_SET} of {track.sidecar.video}: columns must be the "
            f"{len(GEOMETRY_COLUMNS)} of this version, got {len(track.sidecar.columns)}; "
            "extract it again and overwrite it"
        )
    geometry, pose, blendshapes = split_row(track.read().astype(np.float32))
    found = {"geometry": geometry, "pose": pose, "blendshapes": blendshapes}
    if with_changes:
        changes = (
            track_changes(track.time_s, geometry, blendshapes, policy)
            if is_known
            else population_changes(geometry, blendshapes, policy)
        )
        found["geometry_change"] = changes.geometry
        found["blendshapes_change"] = changes.blendshapes
        found["neutral_confidence"] = changes.confidence
    return found
