"""Made-up result tables: smooth signals with noise, as an analysis writes them."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from wildaffect.core.tasks import ABAW_EXPRESSIONS

UNITS = ("AU01", "AU04", "AU12")


def _table(num_frames: int = 90, num_people: int = 1, *, rate: float = 30.0) -> pa.Table:
    rng = np.random.default_rng(num_frames + num_people)
    frame = np.repeat(np.arange(num_frames), num_people)
    track = np.tile(np.arange(num_people), num_frames)
    num_rows = len(frame)
    wave = np.sin(frame / rate + track)
    labels = ABAW_EXPRESSIONS.labels
    expression = (frame // 40 + track) % len(labels)
    columns = {
        "frame": pa.array(frame, pa.int64()),
        "time_s": pa.array(frame / rate),
        "image": pa.nulls(num_rows, pa.string()),
        "track_id": pa.array(track, pa.int64()),
        "status": pa.array(["ok"] * num_rows),
        **{
            f"box_{edge}": pa.array(np.full(num_rows, place, np.float32))
            for edge, place in (("x0", 60), ("y0", 40), ("x1", 160), ("y1", 160))
        },
        "valence": pa.array(np.float32(0.6 * wave + rng.normal(0, 0.02, num_rows))),
        "arousal": pa.array(np.float32(-0.4 * wave + rng.normal(0, 0.02, num_rows))),
        "expression": pa.array([labels[each] for each in expression]),
    }
    for place, label in enumerate(labels):
        share = np.where(expression == place, 0.79, 0.03).astype(np.float32)
        columns[f"p_{label.lower()}"] = pa.array(share)
    for unit in UNITS:
        value = np.clip(0.5 + 0.5 * wave + rng.normal(0, 0.03, num_rows), 0, 1)
        columns[unit] = pa.array(value.astype(np.float32))
        columns[f"{unit}_present"] = pa.array(value >= 0.5)
    return pa.table(columns)


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pa.Table]:
    """Return a made-up table from its number of frames and of people."""
    return _table
