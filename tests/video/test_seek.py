"""Single frames by seeking are the frames that sequential reading gives."""

from pathlib import Path

import numpy as np
import pytest

import wildaffect
from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.read import open_source
from wildaffect.video.seek import FrameSeeker

CLIP = Path(wildaffect.__file__).parent / "demo" / "people.mp4"


def test_a_frame_by_seeking_is_that_of_reading():
    with open_source(CLIP) as reader:
        frames = {frame.index: frame for frame in reader if frame.index in {0, 50, 239}}
    with FrameSeeker(CLIP) as seeker:
        for frame in frames.values():
            time_s, rgb = seeker.find(frame.time_s, [frame.time_s])
            assert time_s == pytest.approx(frame.time_s, abs=1e-6)
            np.testing.assert_array_equal(rgb, frame.rgb)


def test_no_frame_is_found_where_none_is_wanted():
    with FrameSeeker(CLIP) as seeker:
        assert seeker.find(1.0, []) is None
        assert seeker.find(0.5, [1000.0]) is None


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableVideo, match="no such file"):
        FrameSeeker(tmp_path / "x.mp4")
