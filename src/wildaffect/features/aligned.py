"""Source of crops that are embedded unchanged, as aligned by their provider.

A backbone that was trained on such crops gets the same pictures in extraction. There is no
detection, so no face is lost and nothing is measured; only backbones can read them.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from wildaffect.core.errors import FeatureError
from wildaffect.core.faces import (
    NUM_BLENDSHAPES,
    NUM_LANDMARKS,
    FaceObservation,
    FrameFaces,
    HeadPose,
    Status,
)
from wildaffect.core.frames import Frame
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import resize_crop

_NO_LANDMARKS = np.full((NUM_LANDMARKS, 3), np.nan, np.float32)
_NO_BLENDSHAPES = np.full(NUM_BLENDSHAPES, np.nan, np.float32)


def faces_as_brought(
    frames: Iterable[Frame], preprocesses: Sequence[Preprocess]
) -> Iterator[FrameFaces]:
    """Yield each picture as the crop of one face; unknown values are NaN.

    Args:
        frames: Square crops.
        preprocesses: Preprocessing of the backbones; their alignment is ignored.

    Raises:
        FeatureError: If a picture is not square.
    """
    for frame in frames:
        try:
            crops = tuple(resize_crop(frame.rgb, preprocess) for preprocess in preprocesses)
        except ValueError as error:
            raise FeatureError(
                f"frame {frame.index}: {error}; cut faces out with `wildaffect crop`"
            ) from None
        yield FrameFaces(
            frame_index=frame.index,
            time_s=frame.time_s,
            faces=(_face_of(frame, crops),),
            live_ids=frozenset(),
        )


def _face_of(frame: Frame, crops: tuple[np.ndarray, ...]) -> FaceObservation:
    height, width = frame.rgb.shape[:2]
    return FaceObservation(
        track_id=0,
        status=Status.OK,
        detection_score=None,
        presence=float("nan"),
        box_xyxy=np.array([0, 0, width, height], np.float32),
        landmarks_xyz=_NO_LANDMARKS,
        blendshapes=_NO_BLENDSHAPES,
        pose=HeadPose(float("nan"), float("nan"), float("nan")),
        face_size_px=float(np.sqrt(height * width)),
        sharpness=float("nan"),
        crops=crops,
    )
