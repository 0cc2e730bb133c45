"""Measurements of faces that follow a wave, or a level, instead of a picture."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.features.geometry import GEOMETRY_COLUMNS
from wildaffect.features.records import NO_DIGEST, FeatureTable, Provenance
from wildaffect.features.sets import geometry_set
from wildaffect.features.store import FeatureStore

NUM_ROWS = 60


def write_features(
    root: Path, video: str, seed: int, bias: float | None = None
) -> NDArray[np.float64]:
    """Write measurements that follow a wave, and return it."""
    rng = np.random.default_rng(seed)
    if bias is None:
        wave = np.sin(np.arange(NUM_ROWS) / 8 + rng.uniform(0, 6))
    else:
        wave = np.full(NUM_ROWS, bias)
    write_measurements(FeatureStore(root / "features"), video, wave, rng)
    return wave


def write_measurements(
    store: FeatureStore,
    video: str,
    wave: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Store measurements of a face at 30 frames per second, whose shapes follow a wave."""
    numbers = np.arange(len(wave))
    values = rng.normal(0, 0.1, (len(wave), len(GEOMETRY_COLUMNS)))
    values[:, :20] += wave[:, None]
    values[:, -52:] = np.clip(values[:, -52:], 0, 1)
    store.write(
        FeatureTable(
            feature_set="geometry",
            video=video,
            track="0",
            columns=GEOMETRY_COLUMNS,
            frame_number=numbers,
            time_s=numbers / 30,
            values=values.astype(np.float32),
            provenance=Provenance(
                content_sha256="0" * 64,
                preprocess_sha256=NO_DIGEST,
                weights_sha256=geometry_set().weights_sha256,
            ),
        )
    )
