"""Features of the sound of videos, in the store as moments.

Symbols: N windows, L samples of one, D columns.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import FeatureError
from wildaffect.features.extract_sources import ExtractSource, content_sha256
from wildaffect.features.log_mel import COLUMNS, LENGTH, STEP, definition_sha256, log_mel
from wildaffect.features.records import NO_DIGEST, FeatureTable, Precision, Provenance
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.waveform import RATE_HZ, Waveform, windows_of

SoundRows = tuple[NDArray[np.floating], NDArray[np.float32]]
"""Times in seconds, (N,), and features, (N, D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSet:
    """A set of features of sound, and what computes it."""

    name: str
    columns: tuple[str, ...]
    weights_sha256: str
    """Hash of the network, or of the definition without a network."""
    rows_of: Callable[[Waveform], SoundRows]


def log_mel_set() -> SoundSet:
    """Return the log-mel energies, every 10 ms."""
    return SoundSet(
        name="logmel",
        columns=COLUMNS,
        weights_sha256=definition_sha256(),
        rows_of=_log_mel_rows,
    )


def extract_sound(
    source: ExtractSource,
    store: FeatureStore,
    sound_set: SoundSet,
    *,
    dtype: Precision = "float16",
    overwrite: bool = False,
) -> tuple[bool, tuple[str, ...]]:
    """Store the features of one video's sound.

    Returns:
        False if the store had them before, and warnings about the file.

    Raises:
        UnreadableVideo: If it cannot be opened or has no sound.
        FeatureError: If the store has features of other bytes or another network, or the
            sound is shorter than one row.
    """
    origin = Provenance(
        content_sha256=content_sha256(source),
        preprocess_sha256=NO_DIGEST,
        weights_sha256=sound_set.weights_sha256,
    )
    name = EntryName(sound_set.name, source.video, "0")
    if not overwrite and store.key_of(name) is not None:
        store.open(name, expect=origin)
        return False, ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DamagedVideoWarning)
        times_s, values = sound_set.rows_of(Waveform(source.path))
    if not len(times_s):
        raise FeatureError(f"{source.path}: the sound is too short for {sound_set.name}")
    table = FeatureTable(
        feature_set=sound_set.name,
        video=source.video,
        track="0",
        columns=sound_set.columns,
        frame_number=np.arange(len(times_s)),
        time_s=times_s.astype(np.float64),
        provenance=origin,
        numbering="moments",
        values=values,
    )
    store.write(table, dtype)
    return True, tuple(str(each.message) for each in caught)


def _log_mel_rows(waveform: Waveform) -> SoundRows:
    rows = list(map(log_mel, windows_of(waveform.blocks(), LENGTH, STEP)))
    values = np.concatenate(rows) if rows else np.zeros((0, len(COLUMNS)), np.float32)
    return centers_s(waveform, len(values), LENGTH, STEP), values


def centers_s(
    waveform: Waveform, num_rows: int, length: int, step: int
) -> NDArray[np.float64]:
    """Return the time of the middle of each window of samples, shape (N,)."""
    return waveform.start_s + (np.arange(num_rows) * step + length / 2) / RATE_HZ
