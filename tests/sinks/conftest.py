from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.core.results import Affect, FaceResult
from wildaffect.outputs.columns import result_schema
from wildaffect.sinks.sink import LiveRow

SCHEMA = result_schema(blendshapes=True)


def _result(frame: int, track: int | None) -> FaceResult:
    rng = np.random.default_rng([frame, 7 if track is None else track])
    empty = FaceResult(frame_index=frame, time_s=frame / 30, status=Status.NO_FACE)
    if track is None:
        return empty
    face = FaceObservation(
        track_id=track,
        status=Status.OK,
        detection_score=0.75,
        presence=0.5,
        box_xyxy=np.array((10, 20, 60, 80), np.float32),
        landmarks_xyz=np.zeros((478, 3), np.float32),
        blendshapes=rng.random(52, dtype=np.float32),
        pose=HeadPose(1.0, 2.0, 3.0),
        face_size_px=50.0,
        sharpness=0.25,
    )
    affect = Affect(
        valence=0.5,
        arousal=-0.25,
        expression="Happiness",
        expression_probs=rng.dirichlet(np.ones(8)).astype(np.float32),
        action_unit_probs=rng.random(12, dtype=np.float32),
        action_units_present=(True, *[False] * 11),
    )
    return replace(empty, status=Status.OK, face=face, affect=affect)


@pytest.fixture
def live_row() -> Callable[..., LiveRow]:
    """Make the row of a frame and a track; a track of None is a frame without a face."""

    def make(frame: int = 0, track: int | None = 0, arrived_s: float = 0.0) -> LiveRow:
        return LiveRow(_result(frame, track), SCHEMA, arrived_s)

    return make
