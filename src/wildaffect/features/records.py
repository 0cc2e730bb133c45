"""Features of one track of a video, and their origin.

Symbols: T rows (frames in which the face was seen), D columns.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.clips import ClipSampling
from wildaffect.core.config import STRICT
from wildaffect.core.errors import FeatureError
from wildaffect.core.windows import check_times

Precision = Literal["float16", "float32"]
Numbering = Literal["video", "named", "moments", "clip"]
"""Numbering of rows: decoded frames from 0; frames by the names of images or labels;
moments between frames, whose numbers only count rows; one row for a whole video."""
NO_DIGEST = "none"
"""Placeholder for a missing digest, such as that of weights of imported features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Digests that determine features: equal digests, equal features."""

    content_sha256: str
    """Hash of the source: a file, or the names and sizes of a folder's images."""
    preprocess_sha256: str
    """Hash of the crop and, for clips, of their sampling; `none` without a crop."""
    weights_sha256: str
    """Hash of the network, or of the definition without a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHead:
    """One feature set of one track of one video, without the values.

    Raises:
        FeatureError: If the arrays are inconsistent, or times or frames do not ascend.
    """

    feature_set: str
    video: str
    track: str
    """Track within the video; `0` if a video has only one."""
    columns: tuple[str, ...]
    """Names of the columns, length D, each once."""
    frame_number: NDArray[np.int64]
    """Frame numbers in `numbering`, strictly ascending, shape (T,)."""
    time_s: NDArray[np.float64]
    """Strictly ascending, shape (T,)."""
    provenance: Provenance
    num_tracks: int = 1
    """Number of the video's tracks in this set; fewer in the store mean an unfinished
    job."""
    numbering: Numbering = "video"
    time_is_guessed: bool = False
    """True where times come from frame numbers and an assumed rate, not from a clock."""
    clips: ClipSampling | None = None
    """Clips whose rows these are; None for rows of single frames."""

    @property
    def where(self) -> str:
        """Name in error messages."""
        return f"{self.feature_set} of {self.video}, track {self.track}"

    def __post_init__(self) -> None:
        rows = len(self.frame_number)
        for name in ("frame_number", "time_s"):
            got = getattr(self, name).shape
            if got != (rows,):
                raise FeatureError(
                    f"{self.where}: {name} must have shape {(rows,)}, got {got}"
                )
        if len(set(self.columns)) != len(self.columns):
            raise FeatureError(f"{self.where}: columns must be named once each")
        if (np.diff(self.frame_number) <= 0).any():
            raise FeatureError(f"{self.where}: frame_number must ascend strictly")
        try:
            check_times(self.time_s)
        except ValueError as error:
            raise FeatureError(f"{self.where}: {error}") from error

    def check_block(self, first_row: int, values: NDArray[np.floating]) -> None:
        """Check values of the rows from `first_row` on, shape (N, D).

        Raises:
            FeatureError: If a value is not finite.
        """
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            row, column = wrong[0].tolist()
            raise FeatureError(
                f"{self.where}: values must be finite, got {values[row, column]} in frame "
                f"{self.frame_number[first_row + row]}, column {self.columns[column]}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTable(TableHead):
    """One feature set of one track of one video.

    Raises:
        FeatureError: If the arrays are inconsistent, times or frames do not ascend, or a
            value is not finite.
    """

    values: NDArray[np.floating]
    """Finite, shape (T, D)."""

    def __post_init__(self) -> None:
        TableHead.__post_init__(self)
        shape = (len(self.frame_number), len(self.columns))
        if self.values.shape != shape:
            raise FeatureError(
                f"{self.where}: values must have shape {shape}, got {self.values.shape}"
            )
        self.check_block(0, self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """JSON sidecar of a file of values; an entry exists once it is written."""

    feature_set: str
    video: str
    track: str
    columns: tuple[str, ...]
    dtype: Precision
    num_rows: int
    provenance: Provenance
    num_tracks: int
    numbering: Numbering
    time_is_guessed: bool
    code_version: str
    """Version of wildaffect, not part of the key."""
    key: str
    """`feature_key` of the above."""
    clips: ClipSampling | None = None
    data_file: str
    """Name of the safetensors file in the same folder."""

    __pydantic_config__ = STRICT


def feature_key(feature_set: str, dtype: Precision, provenance: Provenance) -> str:
    """Return the hash under which features are stored, 64 hexadecimal digits."""
    fields = {"feature_set": feature_set, "dtype": dtype, **asdict(provenance)}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
