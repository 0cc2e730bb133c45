"""What callers of the Python API pass, rightly and wrongly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.analysis.options import build_analyzer
from wildaffect.core.errors import UnreadableVideo, UsageError
from wildaffect.core.frames import Frame
from wildaffect.video.picture import DamagedVideoWarning

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def images(portrait_views):
    return portrait_views(4)


@pytest.fixture(scope="module")
def files(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number}.png"), image[..., ::-1])
    return sorted(folder.iterdir())


def values(result):
    return result.to_pandas()[["frame", "time_s", "status", "valence", "AU12", "box_x0"]]


def test_paths_and_arrays_of_the_same_images_give_the_same_rows(images, files):
    expected = values(wildaffect.analyze(files))
    assert list(expected["status"]) == ["ok"] * 4
    for source in (list(map(str, files)), tuple(files), str(files[0].parent), images):
        assert values(wildaffect.analyze(source)).equals(expected)
    first = wildaffect.analyze(images[0])
    assert values(first).equals(expected[:1])
    assert first.provenance.source["codec"] == "arrays"


def test_arrays_can_be_the_frames_of_one_video(images):
    rows = wildaffect.analyze(images, images_as="sequence", fps=10.0).to_pandas()
    assert list(rows["time_s"]) == [0.0, 0.1, 0.2, 0.3]
    assert rows["track_id"].nunique() == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "source must be a path, an address, .* got NoneType"),
        (b"clip.mp4", "got bytes"),
        (True, "got bool"),
        (iter([]), "source must be a path"),
        ([], "a list must hold paths of images, or images as numpy arrays, got an empty"),
        ([1, "a.png"], "a list must hold paths of images, .* got int, str"),
        (["clip.mp4"], r"a list must hold images, got clip\.mp4; give a video or folder"),
        (np.zeros((8, 8)), "image 0: image must have shape"),
        ([np.zeros((8, 8, 3))], "image 0: image must be uint8"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"give a list of images: list\(images\)"),
    ],
    ids=range(10),
)
def test_what_is_no_source_is_refused_in_one_line(source, message):
    with pytest.raises(UsageError, match=message) as caught:
        wildaffect.analyze(source)
    assert "\n" not in str(caught.value)


def test_a_buffer_that_is_filled_again_and_again_gives_each_frame_its_own_rows(images):
    def frames(buffer):
        for index, image in enumerate([*images, *images[::-1], *images]):
            np.copyto(buffer, image)
            yield Frame(index=index, time_s=index / 25, rgb=buffer)

    def own():
        for frame in frames(np.empty_like(images[0])):
            yield Frame(index=frame.index, time_s=frame.time_s, rgb=frame.rgb.copy())

    boxes = [
        [row.face.box_xyxy.tolist() for row in wildaffect.stream(given)]
        for given in (frames(np.empty_like(images[0])), list(own()))
    ]
    assert boxes[0] == boxes[1]
    assert len({tuple(box) for box in boxes[0]}) > 4


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([(0, 0.0), (0, 0.1)], "frame 0: index must rise, got it after frame 0"),
        ([(0, 0.1), (1, 0.1)], r"frame 1: time_s must rise, got 0\.1 s after 0\.1 s"),
    ],
)
def test_frames_out_of_order_are_refused(images, places, message):
    frames = [Frame(index=i, time_s=t, rgb=images[0]) for i, t in places]
    with pytest.raises(UsageError, match=message):
        list(wildaffect.stream(frames))


def test_bare_arrays_take_their_time_from_a_rate_or_from_a_list(images):
    def boxes(frames, **given):
        rows = wildaffect.stream(frames, **given)
        return [(row.frame_index, row.time_s, row.face.box_xyxy.tolist()) for row in rows]

    own = [Frame(index=i, time_s=i / 25, rgb=image) for i, image in enumerate(images)]
    times_s = [i / 25 for i in range(len(images))]
    assert boxes(images, fps=25) == boxes(own)
    assert boxes(iter(images), times_s=times_s) == boxes(own)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"arrays have no time; give fps=30\.0, times_s="),
        ({"fps": 25, "times_s": [0.0]}, "give fps or times_s, not both"),
        ({"fps": 0}, "fps must be above 0, got 0"),
        ({"times_s": [0.0]}, "times_s ends before frame 1"),
    ],
)
def test_arrays_without_a_time_are_refused(images, given, message):
    with pytest.raises(UsageError, match=message):
        list(wildaffect.stream(images, **given))


def test_what_is_no_frame_is_refused():
    with pytest.raises(UsageError, match=r"frames must be RGB arrays or Frame.* got str"):
        list(wildaffect.stream(["frame.png"], fps=25))


def test_an_analyzer_that_is_at_work_refuses_a_second_source(images):
    analyzer = build_analyzer()
    frames = [Frame(index=i, time_s=i / 25, rgb=image) for i, image in enumerate(images)]
    alone = [row.affect for row in analyzer.run(frames)]
    first = analyzer.run(frames)
    next(first)
    refused = []

    def other() -> None:
        try:
            list(analyzer.run(frames))
        except UsageError as error:
            refused.append(str(error))

    thread = Thread(target=other)
    thread.start()
    thread.join()
    assert refused[0].startswith("analyzer: one source at a time")
    first.close()
    again = [row.affect for row in analyzer.run(frames)]
    assert [affect.valence for affect in again] == [affect.valence for affect in alone]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_after_use_is_refused_at_once():
    code = (
        "import os, wildaffect, numpy as np\n"
        "image = np.zeros((64, 64, 3), np.uint8)\n"
        "wildaffect.analyze(image)\n"
        "if os.fork():\n"
        "    os.wait()\n"
        "else:\n"
        "    try:\n"
        "        wildaffect.analyze(image)\n"
        "    except wildaffect.WildAffectError as error:\n"
        "        print(error, flush=True)\n"
        "    os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.startswith("networks cannot run in a process that was forked")


def test_lost_frames_are_reported_by_the_api_as_by_the_command(images, tmp_path, analyze):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number}.png"), image[..., ::-1])
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:900])
    with pytest.warns(DamagedVideoWarning):
        result = wildaffect.analyze(folder)
    written = result.write(tmp_path / "api.csv")
    analyze(folder, "-o", tmp_path / "command.csv")
    sidecars = [
        json.loads(Path(f"{path}.json").read_text())
        for path in (written, tmp_path / "command.csv")
    ]
    assert [document["complete"] for document in sidecars] == [False, False]
    assert sidecars[0]["error"] == sidecars[1]["error"] == result.error
    assert "1 not decodable and left out (2)" in result.error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.mp4", "pipe.png"])
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path, name):
    pipe = tmp_path / name
    os.mkfifo(pipe)
    with pytest.raises(UnreadableVideo, match="a pipe or device, which can be read once"):
        wildaffect.analyze(pipe)


def test_a_device_and_a_name_that_no_file_has_are_refused():
    with pytest.raises(UnreadableVideo, match="a pipe or device"):
        wildaffect.analyze(os.devnull)
    with pytest.raises(UnreadableVideo, match="no file has such a name"):
        wildaffect.analyze("a\0b.mp4")
    with pytest.raises(UnreadableVideo, match="cannot be read"):
        wildaffect.analyze("a" * 5000 + ".mp4")


def test_a_device_is_named_by_its_name(portrait_path):
    named = wildaffect.analyze(portrait_path, device="cpu")
    assert named.to_arrow().equals(wildaffect.analyze(portrait_path).to_arrow())
    with pytest.raises(UsageError, match=r"device: must be one of .*got tpu"):
        wildaffect.analyze(portrait_path, device="tpu")
