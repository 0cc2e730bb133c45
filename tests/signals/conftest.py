"""Made-up faces with given blendshapes, head pose and lips."""

import numpy as np
import pytest

from wildaffect.core.faces import FaceObservation, HeadPose, Status
from wildaffect.faces.blendshapes import NAMES


@pytest.fixture
def face():
    """Return a face looking straight ahead, with both lips at one point."""

    def make(*, pose=(0, 0, 0), status=Status.OK, lips=(0.0, 10.0), **blendshapes):
        gap, width = lips
        landmarks = np.zeros((478, 3), np.float32)
        landmarks[14, 1] = gap
        landmarks[308, 0] = width
        scores = np.zeros(52, np.float32)
        for name, score in blendshapes.items():
            scores[NAMES.index(name)] = score
        return FaceObservation(
            track_id=0,
            status=status,
            detection_score=1.0,
            presence=1.0,
            box_xyxy=np.float32([0, 0, 100, 100]),
            landmarks_xyz=landmarks,
            blendshapes=scores,
            pose=HeadPose(*map(float, pose)),
            face_size_px=100.0,
            sharpness=10.0,
        )

    return make
