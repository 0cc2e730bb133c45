"""The command on a photograph of the package and on pictures without a face."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import real_faces
from real_faces_peers import FaceApi, in_order, square
from real_faces_sets import EXPRESSIONS
from real_faces_systems import Absent, Face, Peer

import wildaffect.demo

PORTRAIT = Path(wildaffect.demo.__file__).with_name("astronaut.jpg")


@pytest.fixture
def photographs(tmp_path):
    """The portrait as it is and mirrored, and one empty picture; three people."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    portrait = cv2.imread(str(PORTRAIT))
    empty = np.full((240, 320, 3), 128, np.uint8)
    for name, picture in (("a", portrait), ("b", portrait[:, ::-1]), ("c", empty)):
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    lines = ["a.png,p1,happiness", "b.png,p2,happiness", "c.png,p3,anger"]
    (folder / "labels.csv").write_text("\n".join(["image,person,expression", *lines]))
    return folder


def test_the_command_writes_tables_and_numbers(photographs, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- measured: begin --><!-- measured: end -->\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    cv2.imwrite(str(empty / "gray.png"), np.full((240, 320, 3), 90, np.uint8))
    words = [str(photographs), "--no-peers", "--model", "baseline-rules"]
    words += ["--resamples", "20", "--face-free", str(empty)]
    words += ["--json", str(tmp_path / "all.json"), "--into", str(page)]
    assert real_faces.main(words) == 0
    printed = capsys.readouterr().out
    assert "## photographs: 3 photographs of 3 people" in printed
    assert printed.strip() in page.read_text()
    document = json.loads((tmp_path / "all.json").read_text())
    (system,) = document["sets"][0]["systems"]
    assert system["scores"]["found"][0] == pytest.approx(2 / 3)
    confusion = np.array(system["confusion"])
    assert confusion.sum(1).tolist() == [0, 0, 0, 0, 2, 0, 0]
    (free,) = document["face_free"]
    assert (free["num_frames"], free["num_with_face"]) == (1, 0)


def test_a_set_that_is_not_there_ends_with_one_line(tmp_path, capsys):
    assert real_faces.main([str(tmp_path / "none"), "--no-peers"]) == 2
    assert (
        capsys.readouterr().err
        == f"error: no such folder or manifest: {tmp_path / 'none'}\n"
    )


class OneFace:
    """Finds the middle of every picture."""

    name = "middle"

    def find(self, path, rgb):
        height, width = rgb.shape[:2]
        box = [width / 4, height / 4, width * 3 / 4, height * 3 / 4]
        return [Face(box_xyxy=np.array(box, np.float32))]


class Certain:
    """Says Happiness of every face."""

    name, crop = "certain", "nothing"

    def probs(self, rgb, face):
        return in_order(np.array([0.7, 0.3, 0, 0, 0, 0, 0]), ("Happiness", *rest()))


def rest():
    return tuple(name for name in EXPRESSIONS if name != "Happiness")


def test_a_peer_predicts_from_its_probabilities_and_valence_follows_from_them(photographs):
    (prediction,) = Peer(detector=OneFace(), net=Certain()).predict([photographs / "a.png"])
    assert (prediction.expression, prediction.confidence) == ("Happiness", 0.7)
    assert rest()[0] == "Neutral"
    assert prediction.valence == pytest.approx(0.7)
    (alone,) = Peer(detector=OneFace()).predict([photographs / "a.png"])
    assert (alone.num_faces, alone.is_scored, alone.expression) == (1, False, None)


def test_a_square_is_as_large_as_the_longer_side_and_black_outside_the_picture():
    rgb = np.full((60, 100, 3), 200, np.uint8)
    face = Face(box_xyxy=np.array([0, 0, 100, 60], np.float32))
    crop = square(rgb, face, 50)
    assert (crop[25] == 200).all()
    assert (crop[:9] == 0).all()
    assert (crop[-9:] == 0).all()


def test_a_peer_that_is_not_installed_says_how_to_get_it():
    with pytest.raises(Absent, match="npm install @vladmandic/face-api"):
        FaceApi(None)
