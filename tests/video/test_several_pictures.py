"""Image files of several pictures, of many tiles, and of too many pixels."""

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.video.expand import expand_inputs
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.pixels import read_image
from wildaffect.video.read import open_source

TILES = Path(__file__).parents[1] / "golden/video/tiles.heic"
"""The vendored portrait, 256x256, in four tiles of 128 as phones write them."""


def gray(level, size=(24, 16)):
    return Image.new("RGB", size, (level, level, 255 - level))


def animate(path, levels, **options):
    first, *others = map(gray, levels)
    first.save(path, save_all=True, append_images=others, **options)
    return path


def read(path, **options):
    with open_source(path, **options) as reader:
        return reader.info, list(reader)


def levels_of(frames):
    return [int(frame.rgb[8, 8, 0]) for frame in frames]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.webp", {"lossless": True}),
        ("a.png", {}),
        ("a.avif", {"quality": 100}),
    ],
)
def test_an_animation_is_read_whole_with_its_times(tmp_path, name, options):
    path = animate(
        tmp_path / name, [10, 90, 170, 250], duration=[100, 300, 50, 200], **options
    )
    info, frames = read(path)
    assert np.abs(np.subtract(levels_of(frames), [10, 90, 170, 250])).max() <= 2
    np.testing.assert_allclose(
        [frame.time_s for frame in frames], [0.0, 0.1, 0.4, 0.45], atol=1e-6
    )
    assert not any(frame.shot_start for frame in frames)
    assert (info.num_frames, info.codec) == (4, path.suffix[1:])


def test_equal_pictures_that_a_writer_joined_are_one_that_is_shown_longer(tmp_path):
    path = animate(tmp_path / "a.webp", [10, 90, 90, 90, 170], duration=100, lossless=True)
    assert path.read_bytes().count(b"ANMF") == 3
    _, frames = read(path)
    assert np.abs(np.subtract(levels_of(frames), [10, 90, 170])).max() <= 2
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.0, 0.1, 0.4])


def test_a_gif_is_read_whole(tmp_path):
    _, frames = read(animate(tmp_path / "a.gif", [10, 90, 170], duration=100))
    assert len(frames) == 3


def test_pages_are_stills_of_their_own(tmp_path):
    path = animate(tmp_path / "scan.tif", [10, 90, 170])
    _, frames = read(path)
    assert levels_of(frames) == [10, 90, 170]
    assert [frame.time_s for frame in frames] == [0.0, 1.0, 2.0]
    assert all(frame.shot_start for frame in frames)
    _, frames = read(path, images="sequence", fps=10.0)
    assert [frame.time_s for frame in frames] == [0.0, 0.1, 0.2]


def test_pages_that_are_thumbnails_are_left_out(tmp_path):
    path = animate(tmp_path / "photo.tif", [10, 90])
    data = bytearray(path.read_bytes())
    second = struct.unpack("<I", data[4:8])[0]
    second = struct.unpack("<I", data[second + 2 + 12 * data[second] :][:4])[0]
    width = second + 2  # the first tag, made the type of the page instead
    data[width : width + 12] = struct.pack("<HHII", 254, 4, 1, 1)
    path.write_bytes(data)
    assert levels_of(read(path)[1]) == [10]


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.tiff"])
def test_one_picture_of_several_is_never_taken_for_all(tmp_path, name):
    path = animate(tmp_path / name, [10, 90, 170])
    with pytest.raises(UnreadableVideo, match="holds 3 pictures; analyze it on its own"):
        read_image(path)


def test_in_a_folder_of_photographs_an_animation_is_a_source_of_its_own(tmp_path):
    gray(10).save(tmp_path / "1.png")
    animate(tmp_path / "2.png", [10, 90])
    gray(90).save(tmp_path / "3.png")
    found = [each.source for each in expand_inputs([tmp_path]).sources]
    assert found == [tmp_path, tmp_path / "2.png"]
    with pytest.warns(DamagedVideoWarning, match=r"they hold several pictures: 2\.png"):
        _, frames = read(tmp_path)
    assert levels_of(frames) == [10, 90]


def test_an_animation_that_breaks_off_keeps_what_came_before(tmp_path):
    path = animate(tmp_path / "a.png", [10, 90, 170])
    data = path.read_bytes()
    last = data.rindex(b"fdAT")
    path.write_bytes(data[:last] + bytes(8))
    with open_source(path) as reader:
        frames = []
        with pytest.raises(TruncatedVideo, match=r"a\.png: frame 2: this picture is"):
            frames.extend(reader)


def test_a_photograph_in_tiles_is_read_whole():
    """Means of the quarters are those of ffmpeg 9.0 (`ffmpeg -i tiles.heic tiles.png`)."""
    rgb = read_image(TILES)
    assert rgb.shape == (256, 256, 3)
    means = [
        rgb[top : top + 128, left : left + 128].mean((0, 1))
        for top in (0, 128)
        for left in (0, 128)
    ]
    expected = [
        (140.4, 116.7, 111.6),
        (168.3, 158.1, 151.1),
        (180.6, 89.5, 71.9),
        (73.4, 53.7, 47.9),
    ]
    np.testing.assert_allclose(means, expected, atol=3)


def test_a_photograph_in_tiles_under_a_name_of_video_is_refused(tmp_path):
    path = tmp_path / "photo.mov"
    path.write_bytes(TILES.read_bytes())
    with pytest.raises(UnreadableVideo, match="holds photographs; name it"):
        open_source(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.webp", "clear.png", "clear.webp", "a.avif"])
def test_the_orientation_of_every_kind_of_image_is_applied(tmp_path, name, orientation):
    corners = np.zeros((16, 32, 3), np.uint8)
    corners[:8, :16], corners[:8, 16:], corners[8:, :16] = 255, 170, 85
    image = Image.fromarray(corners)
    if name.startswith("clear"):
        image.putalpha(255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / name
    image.save(path, exif=exif, **({"quality": 100} if name == "a.avif" else {}))
    upright = {
        1: corners,
        2: corners[:, ::-1],
        3: corners[::-1, ::-1],
        4: corners[::-1],
        5: corners.transpose(1, 0, 2),
        6: np.rot90(corners, -1),
        7: corners[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(corners, 1),
    }[orientation]
    rgb = read_image(path)
    assert rgb.shape == upright.shape
    assert np.abs(rgb.astype(int) - upright).mean() < 8


def png_of(width, height):
    """A gray PNG (RFC 2083) that says a size and holds nearly nothing."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def peak_kb():
    """The most memory that this process had since its peak was last forgotten."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_more_pixels_than_memory_are_refused_before_any_is_decoded(tmp_path, kind):
    path = tmp_path / f"bomb.{kind}"
    if kind == "png":
        path.write_bytes(png_of(30_000, 30_000))
    else:
        head = struct.pack("<2sIHHI", b"BM", 200, 0, 0, 54)
        head += struct.pack("<IiiHHIIiiII", 40, 30_000, 30_000, 1, 24, 0, 0, 0, 0, 0, 0)
        path.write_bytes(head + bytes(100))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of earlier tests
    before = peak_kb()
    with pytest.raises(UnreadableVideo, match="at most 268435456 pixels, got 30000x"):
        read_image(path)
    assert peak_kb() < before + 50_000


@pytest.mark.slow
def test_a_photograph_of_64_megapixels_takes_less_than_600_megabytes(tmp_path):
    path = tmp_path / "large.jpg"
    rows = np.arange(8000, dtype=np.uint16)[:, None] // 32
    cv2.imwrite(str(path), np.broadcast_to(rows, (8000, 8000)).astype(np.uint8))
    code = (
        "import re, sys, wildaffect\n"
        "assert len(wildaffect.analyze(sys.argv[1])) == 1\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 600_000


def test_a_large_photograph_has_the_pixels_of_a_small_one_and_its_orientation(tmp_path):
    corners = np.full((4000, 4200, 3), 60, np.uint8)
    corners[:2000, :2100] = 200
    path = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(corners).save(path, exif=exif, quality=95)
    rgb = read_image(path)
    assert rgb.shape == (4200, 4000, 3)
    assert (
        np.abs(rgb[::100, ::100].astype(int) - np.rot90(corners, -1)[::100, ::100]).max()
        < 4
    )
