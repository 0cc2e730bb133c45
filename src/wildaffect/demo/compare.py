"""Comparison of truth and prediction for the generated clip in the package.

The people of that clip are generated, so their expressions are known exactly. Agreement
shows that the chain works; it is no evidence of accuracy on real people.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from wildaffect.core.tasks import ABAW_ACTION_UNITS
from wildaffect.faces.regions import box_overlap
from wildaffect.metrics.agreement import concordance_correlation, pearson_correlation
from wildaffect.outputs.table import read_table

CLIP = Path(__file__).parent / "people.mp4"
TRUTH = Path(__file__).parent / "people.csv.gz"
MIN_VISIBLE = 0.7
MAX_YAW_DEG = 50.0
SAME_FACE = 0.3
BOX = ("box_x0", "box_y0", "box_x1", "box_y1")
VALUES = ("valence", "arousal", *ABAW_ACTION_UNITS.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of one predicted value with the truth over all matched faces."""

    name: str
    correlation: float
    """Pearson's correlation; NaN if either is constant."""
    concordance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """True and found faces of the clip, and the agreement of their values."""

    num_visible: int
    """True faces in view, turned by at most `MAX_YAW_DEG`."""
    num_found: int
    rows: pa.Table
    """One row per matched face: `X` as predicted and `true_X`."""
    agreements: tuple[Agreement, ...]


def compare(result: Path, truth: Path = TRUTH) -> Comparison:
    """Match a result table with the truth by frame and box."""
    true_rows, predicted_rows = (
        csv.read_csv(truth).to_pylist(),
        read_table(result).to_pylist(),
    )
    by_frame: dict[int, list[dict[str, object]]] = {}
    for row in predicted_rows:
        if row["track_id"] is not None:
            by_frame.setdefault(row["frame"], []).append(row)
    visible = [
        row
        for row in true_rows
        if row["visible"] >= MIN_VISIBLE and abs(row["pose_yaw_deg"]) <= MAX_YAW_DEG
    ]
    pairs = [(row, _nearest(row, by_frame.get(row["frame"], []))) for row in visible]
    found = [(true, predicted) for true, predicted in pairs if predicted is not None]
    table = pa.Table.from_pylist([_joined(true, predicted) for true, predicted in found])
    return Comparison(
        num_visible=len(visible),
        num_found=len(found),
        rows=table,
        agreements=tuple(_agreement(table, name) for name in VALUES if _has(table, name)),
    )


def _nearest(
    true: dict[str, object], predicted: list[dict[str, object]]
) -> dict[str, object] | None:
    overlaps = [box_overlap(_box(true), _box(predicted_row)) for predicted_row in predicted]
    if not overlaps or max(overlaps) < SAME_FACE:
        return None
    return predicted[int(np.argmax(overlaps))]


def _box(row: dict[str, object]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([row[side] for side in BOX], np.float32)


def _joined(true: dict[str, object], predicted: dict[str, object]) -> dict[str, object]:
    keys = ("frame", "time_s", "track_id", "status", "expression", *VALUES)
    columns = {key: predicted[key] for key in keys}
    known = {f"true_{key}": true[key] for key in ("person", "expression", *VALUES)}
    return columns | known


def _has(table: pa.Table, name: str) -> bool:
    return bool(table.num_rows) and table[name].null_count < table.num_rows


def _agreement(table: pa.Table, name: str) -> Agreement:
    predicted = np.array(table[name].to_pylist(), np.float64)  # None becomes NaN
    true = np.array(table[f"true_{name}"].to_pylist(), np.float64)
    valid = np.isfinite(predicted)
    return Agreement(
        name=name,
        correlation=pearson_correlation(true, predicted, valid=valid),
        concordance=concordance_correlation(true, predicted, valid=valid),
    )
