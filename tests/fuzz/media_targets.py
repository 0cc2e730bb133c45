"""Videos and pictures: read frame by frame, and analyzed."""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from target import Seed, Target

from wildaffect.analysis.files import run_job
from wildaffect.analysis.job import FileJob
from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer
from wildaffect.demo.clip import PORTRAIT
from wildaffect.inference.analyzer import Analyzer
from wildaffect.video.read import open_source

SIDE = 48
NUM_FRAMES = 6
VIDEOS = (
    ("a.mp4", "libx264", "yuv420p"),
    ("b.mov", "mpeg4", "yuv420p"),
    ("c.mkv", "libx264", "yuv420p"),
    ("d.avi", "mjpeg", "yuvj420p"),
    ("e.webm", "libvpx", "yuv420p"),
    ("f.ts", "mpeg2video", "yuv420p"),
    ("g.mkv", "ffv1", "yuv420p"),
    ("h.flv", "flv", "yuv420p"),
)
PICTURES = (".jpg", ".png", ".bmp", ".webp", ".tiff")


def make_videos() -> list[Seed]:
    """Return a clip of a face in each of some containers and codecs."""
    image = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    face = cv2.resize(image[20:200, 130:310], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    with tempfile.TemporaryDirectory() as folder:
        for name, codec, pix_fmt in VIDEOS:
            _write(Path(folder) / name, codec, pix_fmt, face)
        return [
            Seed(files={name: (Path(folder) / name).read_bytes()}, main=name)
            for name, _, _ in VIDEOS
        ]


def make_pictures() -> list[Seed]:
    """Return a small picture in each format."""
    image = cv2.resize(cv2.imread(str(PORTRAIT)), (40, 40))
    seeds = []
    for suffix in PICTURES:
        _, data = cv2.imencode(suffix, image)
        seeds.append(Seed(files={f"p{suffix}": data.tobytes()}, main=f"p{suffix}"))
    return seeds


def _write(path: Path, codec: str, pix_fmt: str, face: np.ndarray) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, pix_fmt
        stream.time_base = Fraction(1, 25)
        for number in range(NUM_FRAMES):
            frame = av.VideoFrame.from_ndarray(np.roll(face, number, 1), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def read_frames(path: Path) -> None:
    """Decode everything."""
    with open_source(path) as reader:
        for frame in reader:
            assert frame.rgb.dtype == np.uint8


def analyze_file(path: Path) -> None:
    """Analyze a file as the command does, with networks that are loaded once."""
    job = FileJob(
        source=path,
        results=(path.with_name("result.csv"),),
        read=ReadOptions(),
        columns=ColumnOptions(),
    )
    run_job(job, _analyzer(), lambda info, frame: None)


@cache
def _analyzer() -> Analyzer:
    return build_analyzer("baseline-rules")


def _both() -> Sequence[Seed]:
    return [*make_videos(), *make_pictures()]


MEDIA_TARGETS = (
    Target(name="video", make=make_videos, read=read_frames, weight=12),
    Target(name="picture", make=make_pictures, read=read_frames, weight=5),
    Target(name="analysis", make=_both, read=analyze_file, weight=3),
)
