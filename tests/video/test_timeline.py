import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.video.picture import Damage
from wildaffect.video.timeline import Clock, OrderedTimeline, StampedTimeline


@st.composite
def streams(draw):
    """Time stamps in coding order (each moved by up to 3 places), and which are lost."""
    stamps = np.cumsum(draw(st.lists(st.integers(1, 50), min_size=1, max_size=40))).tolist()
    moves = draw(st.lists(st.integers(0, 3), min_size=len(stamps), max_size=len(stamps)))
    order = sorted(range(len(stamps)), key=lambda place: place + 1.5 * moves[place])
    lost = draw(st.sets(st.integers(0, len(stamps) - 1), max_size=len(stamps) - 1))
    return stamps, order, lost


@given(streams())
def test_frames_keep_their_numbers_whichever_others_are_lost(stream):
    stamps, order, lost = stream
    damage = Damage()
    timeline = StampedTimeline(damage)
    for place in order:
        timeline.sent(stamps[place], None)
        if place in lost:
            timeline.failed(None)
    kept = [place for place in range(len(stamps)) if place not in lost]
    assert [timeline.place(stamps[place]) for place in kept] == [
        (place, stamps[place]) for place in kept
    ]
    assert damage.lost == [place for place in sorted(lost) if place < kept[-1]]
    assert timeline.num_lost_at_end() == sum(place > kept[-1] for place in lost)


def test_packets_without_a_frame_are_no_frames_while_the_decoder_is_content():
    damage = Damage()
    timeline = StampedTimeline(damage)
    for pts in (3, 1, 2, 6, 4, 5):  # 1 and 2 refer to pictures before a cut
        timeline.sent(pts, None)
    assert [timeline.place(pts) for pts in (3, 4, 5, 6)] == [(0, 3), (1, 4), (2, 5), (3, 6)]
    assert not damage


def test_a_frame_that_comes_after_later_ones_stays_lost():
    timeline = StampedTimeline(damage := Damage())
    for pts in range(5):
        timeline.sent(pts, None)
    timeline.failed(None)
    assert timeline.place(0) == (0, 0)
    assert timeline.place(3) == (3, 3)
    assert timeline.place(2) is None
    assert timeline.place(4) == (4, 4)
    assert damage.lost == [1, 2]


def test_without_time_stamps_frames_take_chunk_numbers_in_order_of_showing():
    timeline = OrderedTimeline(Damage())
    for dts in (0, 1, 2, 3):
        timeline.sent(99, dts)
    assert [timeline.place(pts) for pts in (0, 4, 3, 5)] == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_without_time_stamps_refused_chunks_are_counted():
    timeline = OrderedTimeline(damage := Damage())
    timeline.sent(None, 0)
    assert timeline.place(None) == (0, 0)
    timeline.sent(None, 1)
    timeline.failed(1)
    timeline.sent(None, 2)
    assert timeline.place(None) == (2, 2)
    assert damage.lost == [1]


@given(st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1))
def test_times_strictly_increase_whatever_the_container_says(stamps):
    clock = Clock(Damage(), time_base_s=0.001, start=None, frame_s=0.04)
    times_s = [clock.time_s(pts) for pts in stamps]
    assert times_s[0] == 0.0
    assert (np.diff(times_s) > 0).all()


def test_a_time_stamp_that_stands_still_is_replaced_and_counted():
    clock = Clock(damage := Damage(), time_base_s=0.01, start=100, frame_s=0.04)
    assert [clock.time_s(pts) for pts in (100, 110, 110, 120)] == pytest.approx(
        [0.0, 0.1, 0.14, 0.2]
    )
    assert damage.guessed_times == 1
