from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv

from wildaffect.cli.main import main
from wildaffect.demo.clip import write_demo_clip
from wildaffect.inference.artifact import load_artifact, zip_folder


def test_a_place_that_is_taken_is_left_as_it_is(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.mkdir()
    assert main(["export", "runs/none", "-o", str(taken)]) == 1
    assert "artifact must be new, got something there" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_named(tmp_path, capsys):
    assert main(["export", str(tmp_path), "-o", str(tmp_path / "new")]) == 2
    assert "not a run: no recipe.json" in capsys.readouterr().err


def test_the_same_folder_gives_the_same_zip(tmp_path):
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "b.txt").write_text("two")
    (folder / "a.txt").write_text("one")
    for name in ("one.zip", "two.zip"):
        zip_folder(folder, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.slow
@pytest.mark.e2e
def test_a_run_is_trained_exported_and_analyses_a_clip(tmp_path: Path, tiny_data, capsys):
    run, output, clip = tmp_path / "run", tmp_path / "mine.zip", tmp_path / "clip.mp4"
    words = ["train", "modern", "--data", str(tiny_data), "-o", str(run)]
    assert main([*words, "--num-epochs", "2"]) == 0
    words = ["export", str(run), "-o", str(output), "--name", "mine"]
    assert main([*words, "--license", "CC0-1.0"]) == 0
    assert "from the trained model's" in capsys.readouterr().out
    artifact = load_artifact(output)
    assert artifact.manifest.name == "mine"
    assert artifact.manifest.rate_hz == pytest.approx(10.0)
    write_demo_clip(clip)
    words = ["analyze", str(clip), "--model", str(output), "-o", str(tmp_path / "out")]
    assert main([*words, "--stop", "1"]) == 0
    table = csv.read_csv(tmp_path / "out" / "clip.csv")
    valence = np.asarray(table["valence"])
    assert len(valence) == 25
    assert np.abs(valence).max() <= 1
    assert len(set(table["expression"].to_pylist())) >= 1
    assert not list(tmp_path.glob(".*.part"))
