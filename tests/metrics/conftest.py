from types import SimpleNamespace

import numpy as np
import pytest

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.predictions import Predictions
from wildaffect.core.tasks import LabelSpace, LabelSpaces


def _spaces(num_classes, num_units):
    return LabelSpaces(
        expressions=LabelSpace(
            name="classes", labels=tuple(f"class {n}" for n in range(num_classes))
        ),
        action_units=LabelSpace(
            name="units", labels=tuple(f"unit {n}" for n in range(num_units))
        ),
    )


def _annotated(rows, video_index, videos, subjects, values, masks, spaces):
    return Annotations(
        source="invented",
        videos=videos,
        subjects=subjects,
        video_index=video_index,
        frame_number=np.arange(rows) + 1,
        images=("",) * rows,
        lines=np.arange(rows) + 1,
        spaces=spaces,
        **{name: TaskColumn(values[name], masks[name]) for name in values},
    )


def _make(seed=0, *, rows=300, num_videos=6, noise=0.4, labeled=0.8, units=12):
    """Invented labels and predictions of them that are right more often than not."""
    rng = np.random.default_rng(seed)
    spaces = _spaces(8, units)
    truth = {
        "valence": rng.uniform(-1, 1, rows).astype(np.float32),
        "arousal": rng.uniform(-1, 1, rows).astype(np.float32),
        "expression": rng.integers(0, 8, rows),
        "action_units": rng.integers(0, 2, (rows, units)).astype(np.int8),
    }
    predicted = {
        "valence": truth["valence"] + rng.normal(0, noise, rows),
        "arousal": 0.5 * truth["arousal"] + rng.normal(0, noise, rows),
        "expression": np.where(
            rng.random(rows) < 0.5, truth["expression"], rng.integers(0, 8, rows)
        ),
        "action_units": np.where(
            rng.random((rows, units)) < noise, 0, truth["action_units"]
        ),
    }
    valid = {name: rng.random(v.shape) < labeled for name, v in truth.items()}
    predicted_valid = {name: rng.random(v.shape) < labeled for name, v in truth.items()}
    videos = tuple(f"video{n}" for n in range(num_videos))
    subjects = tuple(f"person{n // 2}" for n in range(num_videos))
    index = rng.integers(0, num_videos, rows)
    return (
        _annotated(rows, index, videos, subjects, truth, valid, spaces),
        Predictions(
            spaces=spaces,
            **{
                name: TaskColumn(predicted[name], predicted_valid[name])
                for name in predicted
            },
        ),
    )


@pytest.fixture(scope="session")
def invented():
    return SimpleNamespace(make=_make, spaces=_spaces, annotated=_annotated)
