"""Clips are cut from the crops of a face while they arrive."""

import numpy as np
import pytest

from wildaffect.core.clips import ClipOptions, ClipSampling
from wildaffect.core.joins import Hold, Nearest
from wildaffect.features.clips import ClipCutter

SAMPLING = ClipSampling(num_frames=4, step_s=0.1, stride=2)


def crop(value):
    return np.full((2, 2, 3), value % 256, np.uint8)


def cut(times_s, sampling=SAMPLING):
    """Clips as (frame of the row, time of the row, frames shown), and the pieces lost."""
    cutter = ClipCutter(sampling)
    clips = []
    for number, time_s in enumerate(times_s):
        clips += cutter.add(number, time_s, crop(number))
    clips += cutter.end()
    found = [
        (clip.frame_number, round(clip.time_s, 3), [int(c[0, 0, 0]) for c in clip.crops])
        for clip in clips
    ]
    return found, cutter.num_short


def test_clips_are_sampled_in_time_whatever_the_frame_rate():
    at_ten, _ = cut(np.arange(8) / 10)
    at_thirty, _ = cut(np.arange(22) / 30)
    assert at_ten == [
        (2, 0.2, [0, 1, 2, 3]),
        (4, 0.4, [2, 3, 4, 5]),
        (6, 0.6, [4, 5, 6, 7]),
    ]
    assert [time_s for _, time_s, _ in at_thirty] == [0.2, 0.4, 0.6]
    assert at_thirty[0][2] == [0, 3, 6, 9]


def test_a_frame_of_a_clip_shows_the_last_crop_up_to_its_time():
    clips, _ = cut([0.0, 0.06, 0.16, 0.26, 0.36])
    assert clips == [(2, 0.16, [0, 1, 2, 3])]


def test_times_rounded_to_milliseconds_count_as_on_time():
    clips, _ = cut([0.0, 0.101, 0.2, 0.301])
    assert clips == [(2, 0.2, [0, 1, 2, 3])]


def test_the_rest_of_a_track_is_one_more_clip_of_its_last_frames():
    clips, num_short = cut(np.arange(7) / 10)
    assert clips[-1] == (5, 0.5, [3, 4, 5, 6])
    assert num_short == 0


def test_a_piece_shorter_than_a_clip_repeats_its_last_crop():
    assert cut([0.0, 0.1, 0.2]) == ([(1, 0.1, [0, 1, 2, 2])], 0)


def test_a_piece_shorter_than_half_a_clip_has_no_row_and_is_counted():
    assert cut([0.0]) == ([], 1)


def test_a_short_gap_holds_the_last_crop_and_a_long_one_begins_a_clip():
    before = [0.0, 0.1, 0.2, 0.3]
    held, _ = cut([*before, 0.6, 0.7])
    assert held[-1] == (4, 0.6, [3, 3, 4, 5])
    apart, num_short = cut([*before, 1.0, 1.1, 1.2, 1.3])
    assert apart == [(2, 0.2, [0, 1, 2, 3]), (6, 1.2, [4, 5, 6, 7])]
    assert num_short == 0


def test_a_row_at_the_end_depends_on_nothing_later():
    sampling = ClipSampling(num_frames=4, step_s=0.1, stride=2, row_at="end")
    clips, _ = cut(np.arange(6) / 10, sampling)
    assert clips == [(3, 0.3, [0, 1, 2, 3]), (5, 0.5, [2, 3, 4, 5])]
    assert all(number >= max(shown) for number, _, shown in clips)
    assert sampling.look_ahead_s == 0


def test_a_frame_has_at_most_one_row():
    clips, _ = cut(np.arange(6) / 3, ClipSampling(num_frames=4, step_s=0.1, stride=1))
    numbers = [number for number, _, _ in clips]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 2


def test_frames_of_a_clip_join_its_row():
    middle = ClipSampling(num_frames=16, step_s=0.1, stride=4)
    assert middle.join_rule() == Nearest(max_distance_s=8 * 0.1 + 0.5)
    assert middle.look_ahead_s == pytest.approx(0.7)
    sparse = ClipSampling(num_frames=16, step_s=0.1, stride=40)
    assert sparse.join_rule() == Nearest(max_distance_s=20 * 0.1 + 0.5)
    end = ClipSampling(num_frames=16, step_s=0.1, stride=4, row_at="end")
    assert end.join_rule() == Hold(max_age_s=4 * 0.1 + 0.5)


def test_what_the_user_leaves_out_is_up_to_the_network():
    assert ClipOptions().applied_to(SAMPLING) == SAMPLING
    chosen = ClipOptions(step_s=0.2, stride=1, row_at="end").applied_to(SAMPLING)
    assert chosen == ClipSampling(num_frames=4, step_s=0.2, stride=1, row_at="end")
    assert chosen.digest() != SAMPLING.digest()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ClipOptions(step_s=0.0), r"clips: step_s must be above 0, got 0\.0"),
        (ClipOptions(stride=0), "clips: stride must be at least 1, got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        options.applied_to(SAMPLING)
