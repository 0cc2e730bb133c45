import time
from threading import Event

import numpy as np
import pytest

from wildaffect.core.errors import TruncatedVideo
from wildaffect.core.frames import Frame
from wildaffect.video.live import NewestFrames, played

IMAGE = np.zeros((4, 4, 3), np.uint8)


def frames(number, rate=100.0):
    return [Frame(index=i, time_s=i / rate, rgb=IMAGE) for i in range(number)]


def test_who_is_slower_than_the_source_gets_the_newest_frames():
    newest = NewestFrames(played(lambda: frames(100)))
    ages_s, taken = [], []
    for frame in newest:
        ages_s.append(time.monotonic() - newest.arrived_s(frame.index))
        taken.append(frame.index)
        time.sleep(0.1)
    assert len(taken) < 30
    assert taken == sorted(taken)
    assert taken[-1] == 99
    assert newest.num_read == 100
    assert newest.num_dropped == 100 - len(taken)
    assert max(ages_s) < 0.09  # of the ten frames that arrive meanwhile, the last


def test_who_keeps_up_gets_every_frame():
    newest = NewestFrames(played(lambda: frames(30)))
    assert len(list(newest)) == newest.num_read - newest.num_dropped
    assert newest.num_dropped <= 3  # a busy machine may lose one


def test_an_error_of_the_source_comes_after_its_last_frame():
    def broken():
        yield from frames(1)
        time.sleep(0.1)
        raise TruncatedVideo("camera 0", 1, "the camera stopped giving any")

    taken = iter(NewestFrames(broken()))
    assert next(taken).index == 0
    with pytest.raises(TruncatedVideo, match="frame 1: the camera stopped"):
        next(taken)


def test_a_pause_of_the_reader_costs_frames_alone():
    newest = NewestFrames(played(lambda: frames(1000, rate=1000.0)))
    taken = iter(newest)
    first = next(taken)
    time.sleep(0.6)  # hundreds of frames arrive
    assert newest.arrived_s(first.index) < time.monotonic() - 0.5
    later = next(taken)
    assert later.index > 300
    assert newest.arrived_s(later.index) > time.monotonic() - 0.1
    taken.close()


def test_a_source_that_gives_nothing_does_not_hold_up_the_end():
    is_asked, goes_on = Event(), Event()

    def stalled():
        yield from frames(1)
        is_asked.set()
        goes_on.wait(30.0)

    newest = NewestFrames(stalled())
    taken = iter(newest)
    next(taken)
    is_asked.wait(5.0)
    started_s = time.monotonic()
    newest.stop()
    assert list(taken) == []
    assert time.monotonic() - started_s < 5.0
    goes_on.set()


def test_the_source_is_closed_where_the_reader_stops_early():
    is_closed = []

    def endless():
        try:
            while True:
                yield Frame(index=len(is_closed), time_s=0.0, rgb=IMAGE)
        finally:
            is_closed.append(True)

    taken = iter(NewestFrames(endless()))
    next(taken)
    taken.close()
    assert is_closed == [True]


def test_a_file_is_played_at_its_own_speed():
    started_s = time.monotonic()
    times_s = [
        (frame.time_s, time.monotonic() - started_s) for frame in played(lambda: frames(20))
    ]
    assert all(shown_s >= due_s for due_s, shown_s in times_s)
    assert times_s[-1][1] == pytest.approx(0.19, abs=0.1)


def test_numbers_and_times_go_on_when_a_file_is_repeated():
    repeated = played(lambda: frames(4), loop=True)
    taken = [next(repeated) for _ in range(10)]
    assert [frame.index for frame in taken] == list(range(10))
    assert np.diff([frame.time_s for frame in taken]) == pytest.approx(0.01)
    assert [frame.index for frame in taken if frame.shot_start] == [4, 8]


def test_an_empty_file_ends():
    assert not list(played(list, loop=True))
