"""One entry of the feature store, opened for reading. Symbols: T rows, D columns."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from wildaffect.core.errors import FeatureError
from wildaffect.features.numbers import STORED_DTYPES
from wildaffect.features.records import Sidecar

Floats = NDArray[np.floating]


class StoredFeatures:
    """An open entry; its numbers are read on demand."""

    def __init__(self, sidecar: Sidecar, path: Path) -> None:
        try:
            self._file = cast(Any, safe_open(path, framework="numpy"))
            self.frame_number: NDArray[np.int64] = self._file.get_tensor("frame_number")
            self.time_s: NDArray[np.float64] = self._file.get_tensor("time_s")
            self._values = self._file.get_slice("values")
        except SafetensorError as error:
            raise FeatureError(f"{path}: file must be whole, got: {error}") from error
        self.sidecar = sidecar
        self._check(path)

    def __len__(self) -> int:
        return self.sidecar.num_rows

    def read(self, rows: slice | None = None) -> Floats:
        """Return the values of all rows or of a slice, shape (T, D), in the stored type.

        Only the pages of those rows are read.
        """
        if rows is None:
            return self._file.get_tensor("values")
        start, stop, _ = rows.indices(len(self))
        if stop <= start:
            return np.zeros((0, len(self.sidecar.columns)), dtype=self.sidecar.dtype)
        return self._values[start:stop]

    def _check(self, path: Path) -> None:
        """Compare the arrays with the sidecar."""
        rows, columns = self.sidecar.num_rows, len(self.sidecar.columns)
        wanted = (STORED_DTYPES[self.sidecar.dtype], [rows, columns])
        found = (self._values.get_dtype(), self._values.get_shape())
        if found != wanted:
            raise FeatureError(
                f"{path}: values must be {wanted[0]} of shape {wanted[1]}, got {found[0]} "
                f"of shape {found[1]}; extract it again"
            )
        for name in ("frame_number", "time_s"):
            array = getattr(self, name)
            ascends = array.shape == (rows,) and (np.diff(array) > 0).all()
            if not ascends or not np.isfinite(array).all():
                raise FeatureError(
                    f"{path}: {name} must ascend over {rows} rows, got {array.dtype} of "
                    f"shape {array.shape} that does not; extract it again"
                )

    def nearest_row(self, frame_number: int) -> int:
        """Return the row of this frame, else of the nearest earlier, else the first row.

        Raises:
            FeatureError: If there is no row at all.
        """
        if not len(self):
            raise FeatureError(
                f"{self.sidecar.feature_set} of {self.sidecar.video}, track "
                f"{self.sidecar.track}: rows must be at least one, got none"
            )
        after = int(np.searchsorted(self.frame_number, frame_number, side="right"))
        return max(after - 1, 0)
