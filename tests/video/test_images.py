import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.images import natural_key
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.pixels import read_image
from wildaffect.video.read import open_source

RED = (200, 40, 60)


def write_image(path, rgb):
    assert cv2.imwrite(str(path), np.ascontiguousarray(np.asarray(rgb)[..., ::-1]))
    return path


def plain(color=RED, height=6, width=8):
    return np.full((height, width, 3), color, np.uint8)


def with_orientation(jpeg, orientation):
    """Insert an EXIF block (Exif 2.3, section 4.5) with the orientation tag alone."""
    tiff = struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0)
    block = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", sorted(UPRIGHT))
def test_the_orientation_of_a_photograph_is_applied(tmp_path, orientation):
    corners = np.zeros((16, 32, 3), np.uint8)
    corners[:8, :16], corners[:8, 16:], corners[8:, :16] = 255, 170, 85
    data = cv2.imencode(".jpg", corners, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    path = tmp_path / "photo.jpg"
    path.write_bytes(with_orientation(data, orientation))
    upright = UPRIGHT[orientation](corners)
    read = read_image(path)
    assert read.shape == upright.shape
    assert np.abs(read.astype(int) - upright).max() < 12


def test_colors_are_rgb(tmp_path):
    np.testing.assert_array_equal(
        read_image(write_image(tmp_path / "a.png", plain())), plain()
    )


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_eight(tmp_path, suffix):
    deep = plain().astype(np.uint16) * 256 + 255
    path = write_image(tmp_path / f"deep{suffix}", deep)
    assert np.abs(read_image(path).astype(int) - plain()).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparency_is_laid_on_white(tmp_path, dtype):
    scale = np.iinfo(dtype).max // 255
    bgra = np.zeros((4, 6, 4), dtype)
    bgra[..., :3] = np.array(RED[::-1]) * scale
    bgra[:, 2:4, 3], bgra[:, 4:, 3] = 128 * scale, 255 * scale
    path = tmp_path / "clear.png"
    cv2.imwrite(str(path), bgra)
    rgb = read_image(path)
    np.testing.assert_array_equal(rgb[0, 0], (255, 255, 255))
    assert (
        np.abs(rgb[0, 2].astype(float) - (np.array(RED) * 128 + 255 * 127) / 255).max() < 1
    )
    np.testing.assert_array_equal(rgb[0, 5], RED)


def test_gray_becomes_three_equal_channels(tmp_path):
    path = tmp_path / "gray.png"
    cv2.imwrite(str(path), np.full((3, 5), 77, np.uint8))
    np.testing.assert_array_equal(read_image(path), np.full((3, 5, 3), 77))


def test_cmyk_becomes_rgb(tmp_path):
    """A TIFF (TIFF 6.0, section 16) of one ink: full cyan leaves no red."""
    width, height = 16, 16
    pixels = bytes([255, 0, 0, 0]) * width * height
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 5),
        (273, 4, 1, 8),
        (277, 3, 1, 4),
        (278, 3, 1, height),
        (279, 4, 1, len(pixels)),
    ]
    data = struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels
    data += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    path = tmp_path / "ink.tif"
    path.write_bytes(data + bytes(4))
    rgb = read_image(path)
    assert rgb.shape == (height, width, 3)
    assert np.abs(rgb[8, 8].astype(int) - (0, 255, 255)).max() < 40


def test_an_image_of_one_pixel_is_read(tmp_path):
    path = write_image(tmp_path / "dot.png", plain(height=1, width=1))
    with open_source(path) as reader:
        assert [frame.rgb.tolist() for frame in reader] == [[[list(RED)]]]


@pytest.mark.slow
def test_an_image_of_16384_pixels_a_side_is_read(tmp_path):
    path = tmp_path / "huge.png"
    cv2.imwrite(str(path), np.zeros((16384, 16384), np.uint8))
    assert read_image(path).shape == (16384, 16384, 3)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.jpg", b"", "the file is empty"),
        ("text.png", b"no picture", "not an image of a known format"),
        ("stub.bmp", b"BM", "not an image of a known format"),
        ("gone.png", None, "no such file or folder"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, name, data, message):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UnreadableVideo, match=message) as caught:
        open_source(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_pixels_that_are_no_bytes_are_refused(tmp_path, capfd):
    path = tmp_path / "measured.tiff"
    cv2.imwrite(str(path), np.linspace(0, 1, 48, dtype=np.float32).reshape(4, 4, 3))
    with pytest.raises(UnreadableVideo, match="must have 8 or 16 bits, got float32"):
        read_image(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_cut_off_image_is_refused_and_the_decoder_is_silent(tmp_path, capfd, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = write_image(tmp_path / f"cut{suffix}", noise)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableVideo, match="the image is cut off"):
        open_source(path)
    assert capfd.readouterr() == ("", "")


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbered_names_sort_by_their_number(numbers):
    names = sorted((Path(f"Frame{number}.png") for number in numbers), key=natural_key)
    assert [path.name for path in names] == [f"Frame{k}.png" for k in sorted(numbers)]


def fill(folder, names):
    folder.mkdir(exist_ok=True)
    for position, name in enumerate(names):
        write_image(folder / name, plain((position, 0, 0)))
    return folder


def test_stills_are_shots_of_their_own_in_natural_order(tmp_path):
    folder = fill(tmp_path / "photos", ["a2.png", "a10.png", "b1.png"])
    (folder / "labels.csv").write_text("a2,smile\n")
    (folder / ".hidden.png").write_text("nothing")
    with open_source(folder) as reader:
        frames = list(reader)
        assert [path.name for path in reader.skipped] == ["labels.csv"]
        assert reader.info.num_frames == 3
    assert [int(frame.rgb[0, 0, 0]) for frame in frames] == [0, 1, 2]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all(frame.shot_start for frame in frames)


def test_a_sequence_is_numbered_by_its_names(tmp_path):
    folder = fill(tmp_path / "video", ["img_8.png", "img_9.png", "img_12.png"])
    with open_source(folder, images="sequence", fps=10.0) as reader:
        frames = list(reader)
    assert [frame.index for frame in frames] == [8, 9, 12]
    np.testing.assert_allclose([frame.time_s for frame in frames], [0.0, 0.1, 0.4])
    assert not any(frame.shot_start for frame in frames)


@pytest.mark.parametrize("names", [["x1.png", "y.png"], ["x1.png", "y1.png"]])
def test_a_sequence_without_distinct_numbers_is_numbered_by_position(tmp_path, names):
    with open_source(fill(tmp_path / "video", names), images="sequence") as reader:
        assert [frame.index for frame in reader] == [0, 1]


def test_a_list_of_images_is_read_in_its_order(tmp_path):
    folder = fill(tmp_path / "photos", ["a.png", "b.png"])
    with open_source([folder / "b.png", folder / "a.png"]) as reader:
        assert [int(frame.rgb[0, 0, 0]) for frame in reader] == [1, 0]


def test_every_and_start_choose_among_images(tmp_path):
    folder = fill(tmp_path / "video", [f"{k}.png" for k in range(10)])
    options = {"images": "sequence", "fps": 10.0, "start_s": 0.25, "every": 3}
    with open_source(folder, **options) as reader:
        assert [frame.index for frame in reader] == [3, 6, 9]


def test_a_damaged_image_leaves_a_gap_and_is_reported(tmp_path):
    folder = fill(tmp_path / "photos", ["1.png", "2.png", "3.png"])
    (folder / "1.png").write_text("no picture")
    with open_source(folder) as reader, pytest.warns(DamagedVideoWarning, match=r"\(0\)"):
        assert [frame.index for frame in reader] == [1, 2]


def test_a_folder_without_a_readable_image_is_refused(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    with pytest.raises(UnreadableVideo, match="holds no images"):
        open_source(folder)
    for name in ("1.png", "2.png"):
        (folder / name).write_text("no picture")
    with pytest.raises(UnreadableVideo, match=r"none of its 2 images can be .*1\.png"):
        open_source(folder)


def test_a_photograph_is_decoded_once(tmp_path):
    path = write_image(tmp_path / "a.png", plain())
    with open_source(path) as reader:
        path.unlink()
        (frame,) = reader
    assert (frame.rgb == RED).all()
