"""A folder in which every second file cannot be analyzed, each in a way of its own."""

import gzip
import io
import json
import os
import random
import wave
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from wildaffect.outputs.events_file import EVENTS_SUFFIX
from wildaffect.outputs.sidecar import read_sidecar

pytestmark = pytest.mark.e2e


def broken_files(folder: Path, good: Path) -> list[Path]:
    """Write them into a folder, made from a good MP4; return where."""
    video = good.read_bytes()
    paths = []
    for name, content in _contents(video).items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    for name, write in WRITTEN.items():
        paths.append(folder / name)
        write(paths[-1])
    paths.append(folder / "link.mp4")
    paths[-1].symlink_to("nowhere.mp4")
    return paths


def _contents(video: bytes) -> dict[str, bytes]:
    boxes = _boxes(video)
    moov, data = boxes[b"moov"], boxes[b"mdat"]
    return {
        "empty.mp4": b"",
        "text.mp4": b"no video at all\n" * 50,
        "zeros.mp4": bytes(5000),
        "noise.mp4": random.Random(0).randbytes(5000),
        "unfinished.mp4": video[: moov.start] + video[moov.stop :],
        "no_data.mp4": video[: data.start + 8] + bytes(len(data) - 8) + video[data.stop :],
        "unknown_codec.mp4": video.replace(b"avc1", b"zz9q"),
        "endless_box.mp4": (1).to_bytes(4) + b"ftyp" + (1 << 62).to_bytes(8) + video[16:],
        "header.mp4": video[:40],
        "zip.mkv": _zip(),
        "head.mkv": bytes.fromhex("1a45dfa3934282886d6174726f736b61"),
        "page.webm": b"<!doctype html><title>404</title>" * 20,
        "gzip.avi": gzip.compress(bytes(20_000)),
        "head.avi": b"RIFF\x00\x10\x00\x00AVI LIST",
        "padding.ts": (b"\x47\x1f\xff\x10" + bytes(184)) * 50,
        "head.gif": b"GIF89a",
        "document.mov": b"%PDF-1.7\n" + bytes(3000),
    }


def _boxes(video: bytes) -> dict[bytes, range]:
    """Return the place of each outer box of an MP4: size, name and content."""
    boxes, start = {}, 0
    while start < len(video):
        stop = start + int.from_bytes(video[start : start + 4])
        boxes[video[start + 4 : start + 8]] = range(start, stop)
        start = stop
    return boxes


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "hello")
    return file.getvalue()


def sound_alone(path: Path) -> None:
    with av.open(path, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=8000, layout="mono")
        for first in range(0, 8000, 1000):
            samples = np.zeros((1, 1000), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, "fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, first, Fraction(1, 8000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def wave_file(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))


WRITTEN: dict[str, Callable[[Path], None]] = {
    "sound.mp4": sound_alone,
    "wave.mov": wave_file,
}


@pytest.mark.slow
def test_twenty_broken_files_among_forty_cost_themselves_alone(clip, tmp_path, analyze):
    folder = tmp_path / "in"
    (folder / "good").mkdir(parents=True)
    broken = broken_files(folder, clip)
    assert len(broken) == 20
    for number in range(20):
        os.link(clip, folder / f"good/{number:02d}.mp4")
    runs = []
    for name in ("one", "two"):
        out = tmp_path / name
        done = analyze(folder, "-o", out, "--stop", 0.12, "--json")
        assert done.status == 1
        results = sorted(
            path for path in out.rglob("*.csv") if not path.name.endswith(EVENTS_SUFFIX)
        )
        assert [path.name for path in results] == [f"{i:02d}.csv" for i in range(20)]
        assert all(read_sidecar(path)["complete"] for path in results)
        assert not list(out.rglob("*.part*"))
        lines = done.err.splitlines()
        assert len(lines) == 20
        assert all(line.startswith("wildaffect: ") for line in lines)
        for path in broken:
            assert sum(str(path) in line for line in lines) == 1, path
        document = json.loads(done.out)
        assert (len(document["files"]), document["num_errors"]) == (40, 20)
        runs.append((lines, [path.read_bytes() for path in results]))
    assert runs[0] == runs[1]
