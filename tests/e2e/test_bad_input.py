"""Whatever is wrong with an input: one line that says so, and everything else is done."""

import os
import resource
import signal
import subprocess
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from wildaffect.core.errors import UnreadableVideo
from wildaffect.outputs.claim import part_path
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.video.images import list_images

pytestmark = pytest.mark.e2e


def sound_alone(path):
    with av.open(path, "w") as output:
        stream = output.add_stream("aac", rate=8000, layout="mono")
        for first in range(0, 8000, 1000):
            samples = np.zeros((1, 1000), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, "fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, first, Fraction(1, 8000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def without_frames(path):
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        output.mux(stream.encode(None))


MAKERS = {
    "missing.mp4": (lambda path: None, "no such file or folder; check the path"),
    "empty.mp4": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text.mp4": (lambda path: path.write_text("no video\n" * 99), "not a video"),
    "sound.mp4": (sound_alone, "it holds sound but no video stream"),
    "none.mkv": (without_frames, "no"),
    "text.png": (lambda path: path.write_text("no image"), "not an image"),
    "empty.jpg": (lambda path: path.write_bytes(b""), "the file is empty"),
}


@pytest.fixture
def one_line():
    def check(finished, status, *parts):
        assert finished.status == status, finished.err
        (line,) = finished.err.splitlines()
        assert line.startswith("wildaffect: ")
        for part in parts:
            assert part in line

    return check


def test_what_cannot_be_read_takes_a_line_each_and_the_other_files_are_done(
    clip, tmp_path, analyze
):
    paths = [tmp_path / name for name in MAKERS]
    for path in paths:
        MAKERS[path.name][0](path)
    done = analyze(*paths, clip, "-o", tmp_path / "out", "--overlay", "--stop", 0.2)
    assert done.status == 1
    for line, path in zip(done.err.splitlines(), paths, strict=True):
        assert line.startswith(f"wildaffect: {path}: ")
        assert MAKERS[path.name][1] in line
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "face.csv",
        "face.csv.json",
        "face.events.csv",
        "face.events.csv.json",
        "face.overlay.mp4",
    ]
    assert f"{len(paths)} with errors" in done.out.splitlines()[-1]


def test_a_single_file_that_cannot_be_read_is_one_line_and_leaves_no_file(
    tmp_path, analyze, one_line
):
    done = analyze(tmp_path / "gone.mp4", "-o", tmp_path / "out")
    one_line(done, 1, f"{tmp_path / 'gone.mp4'}: no such file")
    assert done.out == ""
    assert list((tmp_path / "out").iterdir()) == []


def test_a_truncated_video_keeps_its_rows_and_says_where_it_ends(
    portrait_views, tmp_path, analyze, one_line
):
    cut = tmp_path / "cut.mkv"
    with av.open(cut, "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 240, 180, "yuv420p"
        stream.options = {"g": "5", "bf": "0"}
        for i, image in enumerate(portrait_views(20)):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 6 // 10])
    done = analyze(cut, "-o", tmp_path / "out", "--overlay")
    one_line(done, 1, "what came before was kept", str(cut))
    frames = read_table(tmp_path / "out/cut.csv")["frame"].to_pylist()
    assert frames == list(range(len(frames)))
    assert 5 <= len(frames) < 20
    sidecar = read_sidecar(tmp_path / "out/cut.csv")
    assert not sidecar["complete"]
    assert "what came before was kept" in sidecar["error"]
    with av.open(tmp_path / "out/cut.overlay.mp4") as overlay:
        assert sum(1 for _ in overlay.decode(video=0)) == len(frames)


def test_frames_lost_in_the_middle_make_the_result_incomplete(
    portrait_views, tmp_path, analyze, one_line
):
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        cv2.imwrite(str(folder / name), portrait_views(1)[0][..., ::-1])
    (folder / "b.png").write_bytes(b"no image")
    done = analyze(folder, "-o", tmp_path / "out")
    one_line(done, 1, "1 not decodable and left out (1): b.png")
    assert read_table(tmp_path / "out/set.csv")["image"].to_pylist() == ["a.png", "c.png"]
    assert not read_sidecar(tmp_path / "out/set.csv")["complete"]


def cmyk_tiff(bgr):
    """OpenCV writes no CMYK: a TIFF with ink levels, uncompressed."""
    height, width = bgr.shape[:2]
    ink = np.dstack([255 - bgr[..., ::-1], np.zeros((height, width), np.uint8)])
    entries = [
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 5),
        (273, 4, 8), (277, 3, 4), (278, 4, height), (279, 4, ink.size), (284, 3, 1),
    ]  # fmt: skip
    header = b"II*\0" + (8 + ink.size).to_bytes(4, "little")
    table = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        table += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
        table += (1).to_bytes(4, "little") + value.to_bytes(4, "little")
    return header + ink.tobytes() + table + bytes(4)


def test_odd_but_valid_images_are_analyzed(portrait_views, tmp_path, analyze):
    bgr = np.ascontiguousarray(portrait_views(1, size=(400, 300), zoom=1.5)[0][..., ::-1])
    clear = np.dstack([bgr, np.full(bgr.shape[:2], 255, np.uint8)])
    huge = np.zeros((300, 16384, 3), np.uint8)
    huge[:, :400] = bgr
    images = {"bits16": bgr.astype(np.uint16) * 257, "clear": clear, "huge": huge}
    images |= {"dot": bgr[:1, :1], "gray": cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)}
    for name, image in images.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    (tmp_path / "ink.tif").write_bytes(cmyk_tiff(bgr))
    done = analyze(tmp_path, "-o", tmp_path / "out.csv", "--overlay")
    assert (done.status, done.err) == (0, "")
    table = read_table(tmp_path / "out.csv").to_pylist()
    seen = {row["image"].split(".")[0]: row["status"] for row in table}
    expected = {"bits16": "ok", "clear": "ok", "gray": "ok", "dot": "no_face"}
    assert {name: seen[name] for name in expected} == expected
    assert set(seen) == {*images, "ink"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--every", 0], "every must be at least 1, got 0"),
        (["--start", 99], "start must not lie behind the last frame at 0.760 s, got 99 s"),
        (["--start", 2, "--stop", 1], "stop must be after the start at 2 s, got 1 s"),
        (["--start", 0.01, "--every", 1000], "must choose at least one frame, got none"),
        (["--threads", 0], "threads must be at least 1, got 0"),
        (["--device", "ABACUS"], "device: must be one of auto, cpu"),
        (["-o", "x.xlsx"], "result must end in one of .csv"),
        (["-o", "x.cvs"], "did you mean .csv?"),
    ],
)
def test_wrong_options_are_refused_in_one_line_with_status_2(
    clip, tmp_path, monkeypatch, analyze, one_line, options, message
):
    monkeypatch.chdir(tmp_path)
    one_line(analyze(clip, *options), 2, message)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == []


@pytest.mark.parametrize("options", [["--format", "xml"], ["--nope"]])
def test_unknown_options_and_formats_are_named_with_status_2(clip, analyze, options):
    done = analyze(clip, *options)
    assert done.status == 2
    assert options[-1] in done.err
    assert "Traceback" not in done.err


def test_several_inputs_cannot_share_one_table(clip, tmp_path, analyze, one_line):
    done = analyze(clip, tmp_path / "b.mp4", "-o", tmp_path / "x.csv")
    one_line(done, 2, "output must be a folder for 2 inputs")


def test_a_camera_that_is_absent_and_its_overlay_are_refused(tmp_path, analyze, one_line):
    one_line(analyze(99, "-o", tmp_path), 1, "camera 99: no such camera")
    one_line(analyze(99, "-o", tmp_path, "--overlay"), 2, "must have a source that can be")


def test_streams_of_one_name_get_results_of_their_own(tmp_path, analyze):
    done = analyze("http://127.0.0.1:9/a", "http://127.0.0.1:9/b", "-o", tmp_path)
    assert done.status == 1
    assert len(done.err.splitlines()) == 2


def test_a_model_that_is_not_there_is_named(clip, tmp_path, analyze, one_line):
    done = analyze(clip, "-o", tmp_path, "--model", tmp_path / "gone")
    one_line(done, 1, f"no such model, folder or zip: {tmp_path / 'gone'}; models: ")


def test_an_output_folder_that_is_a_file_is_named(clip, tmp_path, analyze, one_line):
    (tmp_path / "taken").write_text("")
    done = analyze(clip, "-o", tmp_path / "taken")
    one_line(done, 1, "output folder must be writable, got File exists")


def test_a_folder_without_permission_is_named(tmp_path, analyze, one_line, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    if not os.access(closed, os.R_OK):
        one_line(analyze(closed, "-o", tmp_path / "out"), 1, "check its owner")
    closed.chmod(0o700)

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(type(closed), "iterdir", refuse)  # for root, whom nothing stops
    with pytest.raises(UnreadableVideo, match="no permission to list the folder"):
        list_images(closed)


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="POSIX alone")
@pytest.mark.parametrize("extra", [[], pytest.param(["--overlay"], marks=pytest.mark.slow)])
def test_a_full_disk_is_one_line_and_leaves_nothing_under_the_final_name(
    clip, tmp_path, in_child, extra
):
    limit = "import resource, signal\n"
    limit += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (12000, 12000))"
    child = in_child(
        "analyze", clip, "-o", tmp_path, "--landmarks", "--quiet", *extra, before=limit
    )
    _, err = child.communicate()
    assert child.returncode == 1
    (line,) = err.splitlines()
    assert line.startswith("wildaffect: ")
    assert "File too large" in line
    assert not (tmp_path / "face.csv").exists()
    assert not (tmp_path / "face.overlay.mp4").exists()


@pytest.mark.usefixtures("takes_interrupts")
@pytest.mark.slow
def test_an_interrupt_ends_with_one_line(portrait_views, save_clip, tmp_path, in_child):
    long = save_clip(tmp_path / "long.mp4", portrait_views(40) * 40)
    before = "import signal; signal.alarm(0); signal.signal(signal.SIGALRM, "
    before += "lambda *_: signal.raise_signal(signal.SIGINT)); signal.setitimer(0, 2.5)"
    child = in_child("analyze", long, "-o", tmp_path / "out", "--quiet", before=before)
    try:
        _, err = child.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    assert child.returncode == 130
    assert err.splitlines() == ["wildaffect: stopped"]
    assert not (tmp_path / "out/long.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_request_to_stop_keeps_the_rows_so_far_and_no_part_of_an_overlay(
    portrait_views, save_clip, tmp_path, in_child, sent, status
):
    long = save_clip(tmp_path / "long.mp4", portrait_views(40) * 40)
    out = tmp_path / "out"
    child = in_child("analyze", long, "-o", out, "--overlay", "--quiet")
    part = part_path(out / "long.csv")
    until = time.monotonic() + 240
    while not (part.exists() and part.stat().st_size > 20_000):
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    child.send_signal(getattr(signal, sent))
    _, err = child.communicate(timeout=60)
    assert child.returncode == status
    assert err.splitlines() == [f"wildaffect: stopped by {sent}"]
    assert read_sidecar(part)["error"] == f"Stopped: stopped by {sent}"
    assert read_table(part)["frame"].to_pylist() == list(range(read_table(part).num_rows))
    assert sorted(path.name for path in out.iterdir()) == [part.name, f"{part.name}.json"]
