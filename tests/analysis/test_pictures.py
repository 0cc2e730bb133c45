"""Images in memory as frames, and the names of photographs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from wildaffect.analysis.pictures import (
    owned_frames,
    pictures_of,
    timed_frames,
    with_names,
)
from wildaffect.core.errors import UsageError
from wildaffect.core.faces import Status
from wildaffect.core.frames import Frame
from wildaffect.core.results import FaceResult

IMAGE = np.zeros((4, 6, 3), np.uint8)


def frame(index, time_s=None):
    return Frame(index=index, time_s=index if time_s is None else time_s, rgb=IMAGE)


def test_arrays_get_the_times_of_a_constant_rate():
    frames = list(timed_frames([IMAGE] * 3, fps=25.0))
    assert [each.index for each in frames] == [0, 1, 2]
    assert [each.time_s for each in frames] == [0.0, 0.04, 0.08]


def test_arrays_get_the_times_given_and_frames_keep_their_own():
    timed = timed_frames([IMAGE, frame(7, 0.5), IMAGE], times_s=[0.1, 0.9])
    assert [(each.index, each.time_s) for each in timed] == [(0, 0.1), (7, 0.5), (2, 0.9)]


@pytest.mark.parametrize(
    ("images", "times", "message"),
    [
        ([IMAGE], {}, "arrays have no time; give fps"),
        ([IMAGE], {"fps": 0.0}, "fps must be above 0, got 0"),
        ([IMAGE], {"fps": float("inf")}, "fps must be above 0, got inf"),
        ([IMAGE], {"fps": 1.0, "times_s": [0.0]}, "give fps or times_s, not both"),
        ([IMAGE] * 2, {"times_s": [0.0]}, "times_s ends before frame 1"),
        (["a.png"], {"fps": 1.0}, "must be RGB arrays or Frame.*got str"),
    ],
)
def test_images_without_a_time_are_refused(images, times, message):
    with pytest.raises(UsageError, match=message):
        list(timed_frames(images, **times))


def test_frames_are_copied_as_their_source_may_reuse_the_array():
    image = IMAGE.copy()

    def camera():
        for index in range(2):
            image[:] = index
            yield Frame(index=index, time_s=float(index), rgb=image)

    assert [int(each.rgb.max()) for each in list(owned_frames(camera()))] == [0, 1]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (frame(0, 1.0), "frame 0: index must rise, got it after frame 0"),
        (frame(1, 0.0), "frame 1: time_s must rise, got 0 s after 0 s"),
    ],
)
def test_frames_out_of_order_are_refused(second, message):
    with pytest.raises(UsageError, match=message):
        list(owned_frames([frame(0), second]))


def test_photographs_are_listed_in_the_order_of_their_frames(tmp_path):
    for name in ("b.png", "a.png", "10.png", "9.png"):
        cv2.imwrite(str(tmp_path / name), IMAGE)
    (tmp_path / "notes.txt").write_text("")
    found = [path.name for path in pictures_of(tmp_path)]
    assert sorted(found) == ["10.png", "9.png", "a.png", "b.png"]
    assert found.index("9.png") < found.index("10.png")
    assert pictures_of(tmp_path / "a.png") == [tmp_path / "a.png"]
    assert pictures_of((tmp_path / "b.png", tmp_path / "a.png")) == [
        tmp_path / "b.png",
        tmp_path / "a.png",
    ]


@pytest.mark.parametrize("source", [Path("clip.mp4"), 0, "rtsp://nowhere.invalid/x"])
def test_a_video_has_no_photographs(source):
    assert pictures_of(source) == []


def test_rows_get_the_name_of_their_photograph():
    rows = [
        FaceResult(frame_index=index, time_s=0.0, status=Status.NO_FACE) for index in (1, 0)
    ]
    pictures = [Path("x/first.png"), Path("x/second.png")]
    named = list(with_names(rows, "x", pictures))
    assert [row.image for row in named] == ["second.png", "first.png"]
    assert [row.source for row in named] == ["x", "x"]
    film = list(with_names(rows, "clip.mp4", []))
    assert [row.image for row in film] == [None, None]
    assert [row.source for row in film] == ["clip.mp4", "clip.mp4"]
