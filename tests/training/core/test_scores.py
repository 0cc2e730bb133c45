"""Words for scores that are no numbers. Values are invented."""

import json
from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn, empty_columns
from wildaffect.core.predictions import Predictions
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.training.core.scores import (
    ScoreLine,
    read_scores,
    score_line,
    why_undefined,
    write_scores,
)

PAIN = ScaleSpace(name="own", scales=(Scale(label="pain_intensity", low=0, high=10),))
SPACES = LabelSpaces(intensities=PAIN)


def statistics(labels, predictions):
    """Statistics of one video; labels and predictions by task, NaN where there is none."""
    num_rows = len(next(iter(labels.values())))

    def columns(given):
        nothing = empty_columns(num_rows, SPACES)
        found = {}
        for task in Task:
            values = np.asarray(given.get(task, np.nan), float)
            shape = nothing[task].values.shape
            values = np.broadcast_to(values.reshape(-1, *[1] * (len(shape) - 1)), shape)
            found[task] = TaskColumn(
                np.nan_to_num(values).astype(nothing[task].values.dtype), ~np.isnan(values)
            )
        return replace(nothing, **found).columns()

    annotations = Annotations(
        source="invented",
        videos=("a",),
        subjects=("a",),
        video_index=np.zeros(num_rows, np.int64),
        frame_number=np.arange(num_rows),
        images=("",) * num_rows,
        lines=np.arange(num_rows),
        spaces=SPACES,
        **columns(labels),
    )
    return VideoStatistics.of(
        annotations, Predictions(spaces=SPACES, **columns(predictions))
    )


NONE = [np.nan] * 3


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "reason"),
    [
        (Task.VALENCE, NONE, [0.1, 0.2, 0.3], "no labels"),
        (Task.AROUSAL, [0.5, np.nan, np.nan], [0.1, 0.2, 0.3], "one label"),
        (Task.VALENCE, [0.5] * 3, [0.5] * 3, "constant labels"),
        (Task.INTENSITIES, [4] * 3, [5] * 3, "constant labels"),
        (Task.EXPRESSION, NONE, [1, 1, 1], "no labels"),
        (Task.ACTION_UNITS, NONE, [1, 0, 0], "no labels"),
        # A constant series alone, or a class that never occurs, defines a score: 0.
        (Task.VALENCE, [0.5] * 3, [0.1, 0.2, 0.3], None),
        (Task.EXPRESSION, [2] * 3, [1] * 3, None),
        (Task.ACTION_UNITS, [0] * 3, [0] * 3, None),
    ],
)
def test_the_reason_is_stated_for_each_score_that_is_no_number(
    task, labels, predictions, reason
):
    line = score_line(
        "raw", statistics({task: labels}, {task: predictions}), [task], seed=0
    )
    assert isnan(line.scores[task]) == (reason is not None)
    assert line.text(task) == (reason or "0.000")
    assert line.total == f"score {reason or '0.000'}"


def test_a_sum_without_any_score_states_a_common_reason_alone():
    found = statistics({Task.VALENCE: [0.5] * 3}, {Task.VALENCE: [0.5] * 3}).pooled()
    both = why_undefined(found, [Task.VALENCE, Task.AROUSAL])
    assert both == {
        "valence": "constant labels",
        "arousal": "no labels",
        "score": "not defined",
    }


def test_reasons_are_stored_with_the_scores_and_older_files_have_none(tmp_path):
    path = tmp_path / "scores.json"
    line = ScoreLine(
        name="raw",
        scores={"valence": float("nan"), "score": 0.5},
        low=None,
        high=None,
        undefined={"valence": "one label"},
    )
    write_scores([line], path)
    assert read_scores(path)[0].text("valence") == "one label"
    (older,) = json.loads(path.read_text())
    del older["undefined"]
    path.write_text(json.dumps([older]))
    assert read_scores(path)[0].text("valence") == "not defined"
