from collections.abc import Callable

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, HeadPose, Status


def _face(track: int, seed: int, status: Status) -> FaceObservation:
    rng = np.random.default_rng([track, seed])
    return FaceObservation(
        track_id=track,
        status=status,
        detection_score=None,
        presence=float(rng.random(dtype=np.float32)),
        box_xyxy=np.array((10, 20, 60, 80), np.float32),
        landmarks_xyz=np.zeros((478, 3), np.float32),
        blendshapes=rng.random(52, dtype=np.float32),
        pose=HeadPose(*rng.normal(0, 3, 3)),
        face_size_px=float(rng.uniform(40, 60)),
        sharpness=rng.random(),
    )


@pytest.fixture(scope="session")
def make_face() -> Callable[[int, int, Status], FaceObservation]:
    """Return a made-up face from its track, a seed and its status."""
    return _face
