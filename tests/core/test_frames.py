import numpy as np
import pytest

from wildaffect.core.errors import UsageError
from wildaffect.core.frames import Frame

RGB = np.zeros((48, 64, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"index": -1}, "index must be a whole number from 0, got -1"),
        ({"index": 0.5}, r"index must be a whole number from 0, got 0\.5"),
        ({"time_s": float("nan")}, "frame 3: time_s must be finite seconds, got nan"),
        ({"time_s": "1.0"}, r"time_s must be finite seconds, got '1\.0'"),
        ({"rgb": RGB.tolist()}, "image must be a numpy array, got list"),
        ({"rgb": RGB[..., 0]}, r"got \(48, 64\); repeat the gray: np\.stack"),
        ({"rgb": RGB[..., :1]}, r"got \(48, 64, 1\); repeat the gray: np\.repeat"),
        ({"rgb": np.zeros((48, 64, 4), np.uint8)}, r"leave alpha out: image\[\.\.\., :3\]"),
        (
            {"rgb": RGB.transpose(2, 0, 1)},
            r"put channels last: image\.transpose\(",
        ),
        ({"rgb": RGB[None]}, r"give a list of images: list\(images\)"),
        ({"rgb": RGB[:0]}, r"image must have shape \(H, W, 3\), got \(0, 64, 3\)$"),
        ({"rgb": RGB / 255}, "image must be uint8 from 0 to 255, got float64; scale"),
        ({"rgb": RGB.astype(np.uint16)}, "got uint16; scale and round it"),
    ],
)
def test_a_frame_that_cannot_be_analyzed_is_refused_in_one_line(changes, message):
    with pytest.raises(UsageError, match=message) as caught:
        Frame(**{"index": 3, "time_s": 0.1, "rgb": RGB, **changes})
    assert "\n" not in str(caught.value)


def test_views_and_numpy_numbers_make_a_frame():
    Frame(index=np.int64(3), time_s=np.float32(0.5), rgb=RGB[::-1, :, ::-1])
