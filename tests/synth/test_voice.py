"""The voice tells what it states about valence and arousal, and as noise nothing."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.synth.plan import plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.voice import Voice, draw_voice


@pytest.fixture(scope="module")
def videos():
    preset = replace(PRESETS["wild"], people={"train": 60})
    return plan_world(preset, seed=3, statistics="wild", size_px=64)


def told_shares(videos, voice):
    """Share of the variance of valence and of arousal that a linear model explains."""
    tracks = [draw_voice(video, voice) for video in videos]
    rows = np.concatenate([track.values for track in tracks])
    truths = [
        video.behavior().at(track.frame_number - 1)
        for video, track in zip(videos, tracks, strict=True)
    ]
    shares = []
    for name in ("valence", "arousal"):
        truth = np.concatenate([getattr(each, name) for each in truths])
        inputs = np.column_stack([rows, np.ones(len(rows))])
        weights, *_ = np.linalg.lstsq(inputs, truth, rcond=None)
        shares.append(np.corrcoef(inputs @ weights, truth)[0, 1] ** 2)
    return shares


def test_the_voice_explains_the_stated_share_of_the_variance(videos):
    assert told_shares(videos, Voice()) == pytest.approx([0.3, 0.5], abs=0.06)
    assert told_shares(videos, Voice(valence=0, arousal=0)) == pytest.approx(
        [0, 0], abs=0.02
    )


def test_a_video_has_one_voice_with_a_row_every_tenth_of_a_second(videos):
    first, again = (draw_voice(videos[0], Voice()) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    assert first.frame_number[:3].tolist() == [1, 4, 7]
    np.testing.assert_allclose(np.diff(first.time_s), 0.1)
    assert first.frame_number[-1] <= videos[0].num_frames < first.frame_number[-1] + 3


def test_a_voice_that_tells_everything_is_refused():
    with pytest.raises(ValueError, match=r"valence must be in \[0, 1\)"):
        Voice(valence=1.0)
