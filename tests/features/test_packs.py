import tarfile

import cv2
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import MissingData, UnreadableVideo
from wildaffect.features.crops import MARKER
from wildaffect.features.packs import INDEX, Pack, open_pack, pack_images
from wildaffect.video.pixels import read_image

NUM = 7


@pytest.fixture
def folder(tmp_path):
    """Seven images of two people, and how they were cut."""
    root = tmp_path / "crops"
    for index in range(NUM):
        path = root / f"p{index % 2}" / f"{index:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        cv2.imwrite(str(path), noise)
    (root / MARKER).write_text("{}")
    return root


@pytest.fixture
def pack(folder, tmp_path):
    """Packed with a new tar file after every second image or so."""
    pack_images(folder, tmp_path / "pack", tar_bytes=2000, tick=lambda done, num: None)
    return Pack(tmp_path / "pack")


def test_every_image_comes_back_as_it_was(folder, pack):
    assert len(list(pack.folder.glob("*.tar"))) > 1
    assert len(pack.names) == NUM
    for place in np.random.default_rng(0).permutation(NUM):
        path = folder / pack.names[place]
        assert pack.read(place) == path.read_bytes()
        np.testing.assert_array_equal(pack.images()[place].read(), read_image(path))


def test_tar_files_unpack_to_the_folder_that_was_packed(folder, pack, tmp_path):
    for path in sorted(pack.folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            tar.extractall(tmp_path / "out", filter="data")
    unpacked = sorted((tmp_path / "out").rglob("*.png"))
    assert [item.relative_to(tmp_path / "out").as_posix() for item in unpacked] == sorted(
        pack.names
    )
    for item in unpacked:
        original = folder / item.relative_to(tmp_path / "out")
        assert item.read_bytes() == original.read_bytes()


def test_the_same_folder_gives_the_same_bytes(folder, pack, tmp_path):
    pack_images(folder, tmp_path / "again", tar_bytes=2000, tick=lambda done, num: None)
    for path in pack.folder.glob("*.tar"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_a_name_longer_than_a_tar_header_holds_comes_back(tmp_path):
    long = tmp_path / "crops" / ("d" * 90) / ("e" * 90) / f"{'f' * 90}.png"
    long.parent.mkdir(parents=True)
    cv2.imwrite(str(long), np.zeros((4, 4, 3), np.uint8))
    pack_images(
        tmp_path / "crops", tmp_path / "pack", tar_bytes=1, tick=lambda done, num: None
    )
    assert Pack(tmp_path / "pack").read(0) == long.read_bytes()


def test_a_folder_without_an_index_is_no_pack(folder):
    assert open_pack(folder) is None


def test_a_tar_file_that_is_cut_off_is_named(pack):
    path = pack.folder / "00001.tar"
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(MissingData, match=r"00001\.tar: tar file must have at least"):
        Pack(pack.folder)


def test_a_damaged_index_is_named(pack):
    (pack.folder / INDEX).write_bytes(b"nothing")
    with pytest.raises(MissingData, match=r"pack\.npz: index must be as `wildaffect pack`"):
        Pack(pack.folder)


def test_an_image_that_does_not_decode_is_named_by_its_place(folder, tmp_path):
    (folder / "p0" / "00002.png").write_bytes(b"broken")
    pack_images(folder, tmp_path / "pack", tar_bytes=2000, tick=lambda done, num: None)
    images = Pack(tmp_path / "pack").images()
    with pytest.raises(UnreadableVideo, match=r"pack/p0/00002\.png: not an image"):
        next(image for image in images if "00002" in str(image)).read()


def test_the_command_packs_a_folder_and_prints_how_much(folder, tmp_path, capsys):
    code = main(["pack", str(folder), "-o", str(tmp_path / "pack"), "--quiet"])
    assert code == 0
    assert f"{NUM} images packed" in capsys.readouterr().out
    assert (tmp_path / "pack" / MARKER).is_file()


def test_a_folder_without_images_is_refused(tmp_path, capsys):
    assert main(["pack", str(tmp_path), "-o", str(tmp_path / "pack"), "--quiet"]) == 1
    assert "no images found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"names": np.frombuffer(b"../x.png\nb.png", np.uint8)}, "out of the folder"),
        ({"names": np.frombuffer(b"a.png", np.uint8)}, r"shape \(2,\) for 1 images"),
        ({"sizes": np.array([-1, 3])}, r"sizes of int64 and shape \(2,\) for 2 images"),
        ({"tars": np.zeros(2)}, "tars of float64"),
    ],
)
def test_an_index_that_was_altered_is_refused(tmp_path, fields, message):
    numbers = {key: np.zeros(2, np.int64) for key in ("tars", "offsets", "sizes")}
    names = {"names": np.frombuffer(b"a.png\nb.png", np.uint8)}
    np.savez(tmp_path / INDEX, **(names | numbers | fields))
    with pytest.raises(MissingData, match=message):
        Pack(tmp_path)
