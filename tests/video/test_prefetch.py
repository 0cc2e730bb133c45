import threading
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.video.prefetch import prefetch
from wildaffect.video.read import open_source

PATIENCE_S = 5.0


def num_threads():
    return sum(thread.name == "prefetch" for thread in threading.enumerate())


@given(st.lists(st.integers()), st.integers(1, 6))
def test_items_come_in_order_whatever_the_depth(items, depth):
    assert list(prefetch(items, depth=depth)) == items
    assert list(prefetch(items, depth=depth, apply=lambda item: item + 1)) == [
        item + 1 for item in items
    ]


def test_none_is_an_item_like_any_other():
    assert list(prefetch([None, None])) == [None, None]


def test_work_runs_in_another_thread_ahead_of_the_caller():
    started = threading.Semaphore(0)
    names = set()

    def work(item):
        names.add(threading.current_thread().name)
        started.release()
        return item

    with closing(prefetch(range(10), depth=3, apply=work)) as results:
        next(results)
        for _ in range(4):  # the first, and three ahead of it
            assert started.acquire(timeout=PATIENCE_S)
    assert names == {"prefetch"}


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_no_more_than_depth_results_are_made_ahead(depth):
    made = []
    for num_taken, _ in enumerate(
        prefetch(range(30), depth=depth, apply=made.append), start=1
    ):
        time.sleep(0.002)
        assert len(made) <= num_taken + depth


def failing(number):
    if number == 3:
        raise RuntimeError("three")
    return number


def items_that_fail():
    yield from map(failing, range(10))


@pytest.mark.parametrize("where", ["items", "apply"])
def test_an_exception_is_raised_after_the_results_before_it(where):
    results = (
        prefetch(items_that_fail(), depth=4)
        if where == "items"
        else prefetch(range(10), depth=4, apply=failing)
    )
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match="three"):
        next(results)
    assert list(results) == []
    assert num_threads() == 0


def test_stop_iteration_in_apply_is_an_error_and_no_end():
    def stop(_):
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(prefetch([1], apply=stop))


@pytest.mark.parametrize("num_taken", [1, 5])
def test_closing_early_ends_the_thread_and_closes_the_items(num_taken):
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    results = prefetch(endless(), depth=2)
    for _ in range(num_taken):
        next(results)
    begun_s = time.monotonic()
    results.close()
    assert time.monotonic() - begun_s < PATIENCE_S
    assert closed.is_set()
    assert num_threads() == 0


def test_an_exception_in_the_callers_loop_ends_the_thread():
    def loop():
        with closing(prefetch(iter(int, 1), depth=2)) as results:
            for _ in results:
                raise KeyError

    with pytest.raises(KeyError):
        loop()
    assert num_threads() == 0


def test_nothing_runs_before_the_first_item_is_requested():
    results = prefetch(iter(int, 1))
    assert num_threads() == 0
    results.close()


def test_a_reader_may_be_closed_after_an_early_end(make_clip):
    clip = make_clip("clip.mp4", num_frames=40)
    with open_source(clip) as reader, closing(prefetch(reader, depth=3)) as frames:
        assert next(frames).index == 0
    assert num_threads() == 0


def test_a_depth_below_one_is_refused():
    with pytest.raises(ValueError, match="prefetch: depth must be at least 1, got 0"):
        prefetch([], depth=0)
