"""Clips whose frames carry their number as bits in a bar, which identify it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

WIDTH, HEIGHT = 64, 48
NUM_BITS = 8
_CELL = WIDTH // NUM_BITS


def numbered_image(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    rgb = np.full((height, width, 3), 90, np.uint8)
    rgb[height // 2 :] = (np.arange(width)[None, :, None] * 3 + number) % 256
    for bit in range(NUM_BITS):
        rgb[:8, bit * _CELL : (bit + 1) * _CELL] = 255 * ((number >> bit) & 1)
    return rgb


def number_in(rgb: np.ndarray) -> int:
    bar = [rgb[2:6, bit * _CELL + 2 : (bit + 1) * _CELL - 2] for bit in range(NUM_BITS)]
    return sum(int(cell.mean() > 127) << bit for bit, cell in enumerate(bar))


@pytest.fixture(scope="session")
def image_of() -> Callable[..., np.ndarray]:
    return numbered_image


@pytest.fixture(scope="session")
def number_of() -> Callable[[np.ndarray], int]:
    return number_in


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a clip; `times_ms` makes its frame rate variable, `noise` makes it bulky."""

    def write(
        name: str,
        *,
        num_frames: int = 40,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        size: tuple[int, int] = (WIDTH, HEIGHT),
        times_ms: list[int] | None = None,
        options: dict[str, str] | None = None,
        noise: bool = False,
    ) -> Path:
        path = tmp_path / name
        width, height = size
        rng = np.random.default_rng(0)
        muxer = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
        with av.open(path, "w", options=muxer) as output:
            stream = output.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
            stream.options = options or {}
            base = Fraction(1, 25) if times_ms is None else Fraction(1, 1000)
            if times_ms is not None:
                stream.codec_context.time_base = base
            for number in range(num_frames):
                rgb = numbered_image(number, width, height)
                if noise:
                    rgb[12:] = rng.integers(0, 256, rgb[12:].shape, np.uint8)
                frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
                frame.pts = number if times_ms is None else times_ms[number]
                frame.time_base = base
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def make_sound(tmp_path: Path) -> Callable[..., Path]:
    """Write two seconds with a click every half second, with or without pictures."""

    def write(
        name: str, codec: str, *, pictures: bool = True, rate_hz: int = 48_000
    ) -> Path:
        path = tmp_path / name
        clicks = np.arange(2 * rate_hz) / rate_hz
        wave = np.where(clicks % 0.5 < 0.01, 0.8 * np.sin(2 * np.pi * 2000 * clicks), 0.0)
        with av.open(path, "w") as output:
            video = output.add_stream("libx264", rate=25) if pictures else None
            audio = output.add_stream(codec, rate=rate_hz, layout="mono")
            if video is not None:
                video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
                for number in range(50):
                    image = av.VideoFrame.from_ndarray(numbered_image(number), "rgb24")
                    image.pts, image.time_base = number, Fraction(1, 25)
                    output.mux(video.encode(image))
            step = rate_hz // 50
            for first in range(0, len(wave), step):
                samples = wave[None, first : first + step].astype(np.float32)
                sound = av.AudioFrame.from_ndarray(samples, "fltp", layout="mono")
                sound.sample_rate, sound.pts = rate_hz, first
                sound.time_base = Fraction(1, rate_hz)
                output.mux(audio.encode(sound))
            if video is not None:
                output.mux(video.encode(None))
            output.mux(audio.encode(None))
        return path

    return write


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """An empty folder, and a user to whom permissions apply."""
    with tempfile.TemporaryDirectory() as folder:
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)
            for path in Path(folder).iterdir():
                path.chmod(0o700)
