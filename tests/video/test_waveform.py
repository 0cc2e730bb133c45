"""Sound comes at one rate, on the clock of the pictures."""

import numpy as np
import pytest

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.waveform import RATE_HZ, Waveform, windows_of


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "flac")])
def test_clicks_every_half_second_are_where_they_were_written(make_sound, name, codec):
    waveform = Waveform(make_sound(name, codec))
    samples = np.concatenate(list(waveform.blocks()))
    assert len(samples) == pytest.approx(2 * RATE_HZ, abs=0.05 * RATE_HZ)
    loud = np.abs(samples) > 0.2
    starts = np.flatnonzero(loud & ~np.roll(loud, 1))
    starts = starts[np.diff(starts, prepend=-RATE_HZ) > RATE_HZ // 10]
    times_s = waveform.start_s + starts / RATE_HZ
    np.testing.assert_allclose(times_s, [0.0, 0.5, 1.0, 1.5], atol=0.006)


def test_a_video_without_sound_is_refused(make_clip):
    with pytest.raises(UnreadableVideo, match="it holds no sound"):
        Waveform(make_clip("a.mp4"))


def test_windows_are_those_of_the_whole_whatever_the_blocks():
    samples = np.arange(1000, dtype=np.float32)
    expected = np.stack([samples[start : start + 50] for start in range(0, 951, 20)])
    for size in (7, 20, 333, 1000):
        blocks = (samples[start : start + size] for start in range(0, 1000, size))
        np.testing.assert_array_equal(
            np.concatenate(list(windows_of(blocks, 50, 20))), expected
        )
