import json
from importlib.resources import files

import av
import cv2
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.features.crops import MARKER
from wildaffect.video.pixels import read_image


@pytest.fixture(scope="module")
def portrait():
    """The portrait that ships with the package; the face lies about (226, 112)."""
    path = files("wildaffect.demo").joinpath("astronaut.jpg")
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return cv2.resize(image, (512, 512), interpolation=cv2.INTER_AREA)


@pytest.fixture
def tree(tmp_path, portrait):
    crop = portrait[60:172, 170:282]
    for name, image in {"a/x1.jpg": crop, "a/gray.png": np.full_like(crop, 90)}.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return tmp_path / "images"


def cut(tree, output, *more, capsys):
    code = main(["crop", str(tree), "-o", str(output), "--quiet", "--json", *more])
    return code, json.loads(capsys.readouterr().out.splitlines()[0])


def test_crops_keep_their_place_and_name(tree, tmp_path, capsys):
    code, count = cut(tree, tmp_path / "out", "--size", "64", capsys=capsys)
    assert code == 0
    assert (count["num_cut"], count["num_faceless"]) == (1, 1)
    assert read_image(tmp_path / "out" / "a" / "x1.jpg").shape == (64, 64, 3)
    assert not (tmp_path / "out" / "a" / "gray.png").exists()
    assert json.loads((tmp_path / "out" / MARKER).read_text())["size_px"] == 64


def test_eyes_lie_where_the_template_puts_them(tree, tmp_path, capsys):
    cut(tree, tmp_path / "out", "--size", "112", capsys=capsys)
    cut(tmp_path / "out", tmp_path / "again", "--size", "112", capsys=capsys)
    once, twice = (
        read_image(tmp_path / item / "a" / "x1.jpg") for item in ("out", "again")
    )
    # An aligned crop is aligned already, so cutting it again moves it by little.
    assert np.abs(once.astype(int) - twice).mean() < 12


def test_crops_that_are_there_are_passed_over(tree, tmp_path, capsys):
    cut(tree, tmp_path / "out", capsys=capsys)
    before = (tmp_path / "out" / "a" / "x1.jpg").stat().st_mtime_ns
    _, count = cut(tree, tmp_path / "out", capsys=capsys)
    assert (count["num_cut"], count["num_before"]) == (0, 1)
    assert (tmp_path / "out" / "a" / "x1.jpg").stat().st_mtime_ns == before


def test_images_that_cannot_be_read_are_counted_and_fail_the_command(
    tree, tmp_path, capsys
):
    (tree / "a" / "broken.jpg").write_bytes(b"nothing")
    code, count = cut(tree, tmp_path / "out", capsys=capsys)
    assert code == 1
    assert (count["num_cut"], count["num_unreadable"]) == (1, 1)
    assert "broken.jpg" in count["first_unreadable"]


def test_a_folder_holds_crops_of_one_kind(tree, tmp_path, capsys):
    cut(tree, tmp_path / "out", "--size", "64", capsys=capsys)
    code = main(["crop", str(tree), "-o", str(tmp_path / "out"), "--size", "80", "--quiet"])
    assert code == 1
    assert "must all be cut in one way" in capsys.readouterr().err


def test_frames_of_a_video_are_thinned_and_numbered_from_1(tmp_path, portrait, capsys):
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 512
        for _ in range(12):
            frame = av.VideoFrame.from_ndarray(portrait, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    code, count = cut(path, tmp_path / "out", "--interval", "0.2", capsys=capsys)
    assert code == 0
    assert count["num_cut"] == 3
    names = sorted(item.name for item in (tmp_path / "out" / "clip").iterdir())
    assert names == ["00001.jpg", "00006.jpg", "00011.jpg"]


def test_crops_of_one_input_never_become_those_of_another(tree, tmp_path, capsys):
    output = tmp_path / "out"
    cut(tree, output, capsys=capsys)
    before = (output / "a/x1.jpg").read_bytes()
    other = tmp_path / "other"
    tree.rename(other)
    assert main(["crop", str(other), "-o", str(output), "--quiet"]) == 1
    printed = capsys.readouterr().err
    assert f"{other}: its crops would go to a, which holds those of {tree}" in printed
    assert (output / "a/x1.jpg").read_bytes() == before


def test_videos_of_one_name_are_refused_before_any_is_cut(tmp_path, capsys):
    videos = [str(tmp_path / name / "video.mp4") for name in ("S01", "S02")]
    assert main(["crop", *videos, "-o", str(tmp_path / "out"), "--quiet"]) == 1
    printed = capsys.readouterr().err
    assert f"its crops would go to video, which holds those of {videos[0]}" in printed
    assert not (tmp_path / "out/video").exists()
