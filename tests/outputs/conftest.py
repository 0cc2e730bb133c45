"""Made-up rows whose numbers tell frame and person apart."""

from collections.abc import Callable

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.core.results import Affect, FaceResult


def observation(track: int, seed: int, status: Status, box=(10, 20, 60, 80)):
    rng = np.random.default_rng([track, seed])
    return FaceObservation(
        track_id=track,
        status=status,
        detection_score=float(rng.random(dtype=np.float32)),
        presence=float(rng.random(dtype=np.float32)),
        box_xyxy=np.array(box, np.float32),
        landmarks_xyz=rng.random((478, 3), dtype=np.float32),
        blendshapes=rng.random(52, dtype=np.float32),
        pose=HeadPose(*rng.normal(0, 20, 3)),
        face_size_px=50.0,
        sharpness=rng.random(),
    )


def make_row(
    frame: int = 0,
    track: int | None = 0,
    *,
    status: Status = Status.OK,
    affect: Affect | None = None,
    box=(10, 20, 60, 80),
    rate: float = 30.0,
) -> FaceResult:
    """One row; `track` None is a frame without a face."""
    time_s = frame / rate
    if track is None:
        return FaceResult(frame_index=frame, time_s=time_s, status=Status.NO_FACE)
    face = observation(track, frame, status, box)
    if affect is None and status is Status.OK:
        affect = make_affect(seed=frame * 100 + track)
    return FaceResult(
        frame_index=frame, time_s=time_s, status=status, face=face, affect=affect
    )


def make_affect(seed: int = 0) -> Affect:
    rng = np.random.default_rng(seed)
    units = rng.random(12, dtype=np.float32)
    return Affect(
        valence=rng.uniform(-0.7, 0.7),
        arousal=rng.uniform(-0.7, 0.7),
        expression="Happiness",
        expression_probs=rng.dirichlet(np.ones(8)).astype(np.float32),
        action_unit_probs=units,
        action_units_present=tuple(bool(unit > 0.5) for unit in units),
    )


@pytest.fixture(scope="session")
def row() -> Callable[..., FaceResult]:
    return make_row


@pytest.fixture
def affect() -> Callable[..., Affect]:
    return make_affect
