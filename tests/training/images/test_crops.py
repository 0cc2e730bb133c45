from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from wildaffect.core.errors import MissingData, UnreadableVideo, UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import normalize
from wildaffect.training.images.crops import (
    CropReader,
    in_order,
    normalizer,
    read_crop,
    unit_crops,
)

PREPROCESS = Preprocess(size_px=8, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))
GRAY = Preprocess(size_px=8, channels="gray", mean=(0.4,), std=(0.2,))


@pytest.fixture
def paths(tmp_path):
    """Five flat crops whose red says which they are."""
    made = []
    for index in range(5):
        rgb = np.zeros((8, 8, 3), np.uint8)
        rgb[..., 0] = 10 * index
        made.append(tmp_path / f"{index}.png")
        cv2.imwrite(str(made[-1]), rgb[..., ::-1])
    return made


@pytest.mark.parametrize("num_threads", [1, 5])
def test_crops_come_in_the_requested_order(paths, num_threads):
    reader = CropReader(paths, PREPROCESS, num_threads=num_threads)
    requested = [np.array([4, 0]), np.array([2, 2]), np.array([1])]
    got = list(reader.batches(requested))
    assert [item.rows.tolist() for item in got] == [[4, 0], [2, 2], [1]]
    assert got[0].pixels[:, 0, 0, 0].tolist() == [40, 0]


def test_nobody_who_decodes_is_refused(paths):
    with pytest.raises(UsageError, match="decoders: must be at least 1, got 0"):
        CropReader(paths, PREPROCESS, num_threads=0)


def test_a_crop_that_does_not_decode_is_replaced_by_the_next_and_reported(paths):
    paths[1].write_bytes(b"no image")
    reader = CropReader(paths, PREPROCESS)
    (got,) = reader.batches([np.array([0, 1, 2])])
    assert got.rows.tolist() == [0, 2, 2]
    assert list(reader.unreadable) == [1]
    assert "1.png" in reader.unreadable[1]


def test_what_stands_in_does_not_depend_on_what_was_read_before(paths):
    paths[4].write_bytes(b"")
    first, again = CropReader(paths, PREPROCESS), CropReader(paths, PREPROCESS)
    list(first.batches([np.array([4])]))
    for reader in (first, again):
        (got,) = reader.batches([np.array([4])])
        assert got.rows.tolist() == [0]


def test_where_no_crop_decodes_that_is_an_error(paths):
    for path in paths:
        path.write_bytes(b"no image")
    with pytest.raises(MissingData, match="images: none of 5 decodes; the first: "):
        list(CropReader(paths, PREPROCESS).batches([np.array([3])]))


def test_a_picture_that_is_no_square_is_no_crop(tmp_path):
    cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((8, 16, 3), np.uint8))
    with pytest.raises(UnreadableVideo, match="must be square, got 16 x 8; cut faces out"):
        read_crop(tmp_path / "wide.png", PREPROCESS)


@pytest.mark.parametrize(("channels", "first"), [("rgb", 40), ("bgr", 0)])
def test_colors_come_in_the_order_of_the_network(paths, channels, first):
    preprocess = replace(PREPROCESS, channels=channels)
    assert read_crop(paths[4], preprocess)[0, 0, 0] == first


def test_a_gray_network_gets_one_channel(paths):
    crop = read_crop(paths[4], GRAY)
    assert crop.shape == (8, 8, 1)
    assert crop[0, 0, 0] == pytest.approx(0.299 * 40, abs=1)


@pytest.mark.parametrize("side", [4, 20])
def test_other_sizes_are_scaled_to_the_network(tmp_path, side):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((side, side, 3), 77, np.uint8))
    crop = read_crop(tmp_path / "a.png", PREPROCESS)
    assert crop.shape == (8, 8, 3)
    assert (crop == 77).all()


@pytest.mark.parametrize("preprocess", [PREPROCESS, GRAY], ids=["color", "gray"])
def test_training_normalizes_as_extraction_does(preprocess):
    num = len(preprocess.mean)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, num), dtype=np.uint8)
    device = torch.device("cpu")
    made = normalizer(preprocess, device)(unit_crops(pixels, device)).numpy()
    np.testing.assert_allclose(made, normalize(pixels, preprocess), atol=1e-5)


def test_all_rows_come_in_order_the_rest_last():
    assert [rows.tolist() for rows in in_order(5, 2)] == [[0, 1], [2, 3], [4]]
