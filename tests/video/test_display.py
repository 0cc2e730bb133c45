"""What is read of a clip is what ffmpeg shows of it."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.read import open_source

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/video/display.json").read_text(encoding="utf-8")
)
SHOWS = GOLDEN["shows"]


@pytest.fixture
def clip_of(tmp_path):
    def write(name):
        path = tmp_path / name
        path.write_bytes(base64.b64decode(SHOWS[name]["clip"]))
        return path

    return write


def first_frame(path, **options):
    with open_source(path, **options) as reader:
        return reader.info, next(iter(reader))


def difference(one, other, right=0, down=0):
    """Mean difference where `one` is moved."""
    height, width = one.shape[:2]
    rows = slice(max(0, down), height + min(0, down))
    columns = slice(max(0, right), width + min(0, right))
    moved = np.roll(one.astype(int), (down, right), axis=(0, 1))
    return np.abs(moved - other)[rows, columns].mean()


@pytest.mark.golden
@pytest.mark.parametrize("name", SHOWS)
def test_the_first_frame_is_what_ffmpeg_shows(clip_of, name):
    assert GOLDEN["origin"].startswith("ffmpeg version")
    shown = SHOWS[name]
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(shown["rgb"])), np.uint8)
    expected = pixels.reshape(shown["height"], shown["width"], 3)
    info, frame = first_frame(clip_of(name))
    assert frame.rgb.shape == expected.shape == (info.height, info.width, 3)
    assert frame.rgb.flags.c_contiguous
    assert difference(frame.rgb, expected) < (
        2.5 if info.sample_aspect_ratio != "1:1" else 0.1
    )
    for right, down in [(2, 0), (-2, 0), (0, 2), (0, -2)]:
        assert difference(frame.rgb, expected, right, down) > difference(
            frame.rgb, expected
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("square.mp4", {"sample_aspect_ratio": "1:1", "cropped": None}),
        ("dvd.mpg", {"sample_aspect_ratio": "4:3"}),
        ("mirrored.mp4", {"mirrored": True, "rotation_deg": 0}),
        ("upside-down.mp4", {"mirrored": True, "rotation_deg": 180}),
        ("half-turn.mp4", {"mirrored": False, "rotation_deg": 180}),
        ("transposed.mp4", {"mirrored": True, "rotation_deg": 270}),
        (
            "aperture.mkv",
            {
                "cropped": {"left": 8, "top": 4, "right": 2, "bottom": 10},
                "stored_width": 48,
                "stored_height": 36,
                "width": 38,
                "height": 22,
            },
        ),
    ],
)
def test_transforms_of_stored_pictures_are_reported(clip_of, name, expected):
    info, _ = first_frame(clip_of(name))
    assert {key: getattr(info, key) for key in expected} == expected


def change_matrix(path, values):
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    for place, value in zip((0, 4, 12, 16), values, strict=True):
        at = start + place
        data[at : at + 4] = round(value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path


def test_a_turn_that_is_no_quarter_is_refused(clip_of):
    clip = change_matrix(clip_of("square.mp4"), (0.866, 0.5, -0.5, 0.866))
    with pytest.raises(
        UnreadableVideo,
        match=r"square\.mp4: display matrix must turn by quarters or mirror",
    ):
        open_source(clip)


def test_pixels_longer_than_any_standard_has_are_refused(clip_of):
    clip = clip_of("wide.mp4")
    data = bytearray(clip.read_bytes())
    at = data.index(b"pasp") + 4
    data[at : at + 8] = (2000).to_bytes(4, "big") + (1).to_bytes(4, "big")
    clip.write_bytes(data)
    with pytest.raises(UnreadableVideo, match=r"must lie in 1:8\.\.8:1, got 2000:1"):
        open_source(clip)


def test_a_clean_aperture_that_shows_nothing_is_refused(clip_of):
    clip = clip_of("aperture.mp4")
    data = bytearray(clip.read_bytes())
    at = data.index(b"clap") + 4
    data[at : at + 4] = (0).to_bytes(4, "big")
    clip.write_bytes(data)
    with pytest.raises(UnreadableVideo, match="clean aperture must show some of 48x36"):
        open_source(clip)
