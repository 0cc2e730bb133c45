"""Numbers in the columns of a table, and the columns of labels of one's own.

Symbols: N rows, K scales, C classes.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.scales import NO_SCALES, ScaleSpace
from wildaffect.core.tasks import LabelSpace, LabelSpaces, expression_column


def read_whole_numbers(
    table: pa.Table, name: str, path: Path, lines: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a column of non-negative integers, shape (N,).

    Raises:
        BadAnnotation: If a cell is anything else.
    """
    numbers = read_numbers(table, name, path, lines)
    bad = ~((numbers >= 0) & (numbers < 2**40) & (numbers == np.floor(numbers)))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise BadAnnotation(
            path,
            int(lines[row]),
            f"{name} must be a whole number from 0, got {table[name][row]}",
        )
    return numbers.astype(np.int64)


def read_numbers(
    table: pa.Table, name: str, path: Path, lines: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return a column with NaN for blanks; a missing column is all blank.

    Raises:
        BadAnnotation: If a cell is no number, NaN or infinite.
    """
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    array = table[name].combine_chunks()
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    try:
        numbers = compute.fill_null(array.cast(pa.float64()), float("nan"))
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise BadAnnotation(path, 0, f"{name} must hold numbers, got {reason}") from None
    values = np.array(numbers.to_numpy(zero_copy_only=False), np.float64)
    bad = compute.is_valid(array).to_numpy(zero_copy_only=False) & ~np.isfinite(values)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise BadAnnotation(
            path,
            int(lines[row]),
            f"{name} must be a finite number, or blank where there is no prediction, got "
            f"{values[row]} ({int(bad.sum()):,} such rows)",
        )
    return values


def own_names(own: LabelSpaces | None) -> set[str]:
    """Return the columns of the classes, attributes and scales of annotations."""
    if own is None:
        return set()
    units = own.action_units.labels
    scales = (*own.dimensions.labels, *own.intensities.labels)
    classes = map(expression_column, own.expressions.labels)
    return {*classes, *units, *(f"{label}_present" for label in units), *scales}


def read_scales(
    table: pa.Table, space: ScaleSpace, path: Path, lines: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ScaleSpace]:
    """Return the values on those scales that the table has, shape (N, K), and these."""
    found = [scale for scale in space.scales if scale.label in table.column_names]
    columns = [read_numbers(table, scale.label, path, lines) for scale in found]
    values = np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0))
    return values, ScaleSpace(name=space.name, scales=tuple(found)) if found else NO_SCALES


def read_probabilities(
    table: pa.Table, space: LabelSpace, path: Path, lines: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return the probability of each class, shape (N, C); None if a column is missing."""
    names = [expression_column(label) for label in space.labels]
    if not set(names) <= set(table.column_names):
        return None
    return np.stack([read_numbers(table, name, path, lines) for name in names], axis=1)
