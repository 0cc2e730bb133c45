import json

import pytest

from wildaffect.cli.main import main
from wildaffect.inference.artifact import load_artifact
from wildaffect.outputs.table import read_table

pytest.importorskip("torch", reason="training needs the extra `train`")


@pytest.mark.slow
def test_the_demo_ends_in_a_score_a_report_and_an_artifact_that_runs(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["demo-train"]) == 0
    folder = tmp_path / "demo-training"
    scores = json.loads((folder / "run/scores-val.json").read_text())
    # Constant answers score 0 + 1/8 of the most frequent class's F1 + the F1 of 0 units.
    assert scores[-1]["scores"]["score"] > 0.3
    assert "Valence" in (folder / "report.html").read_text()
    assert load_artifact(folder / "artifact").manifest.name == "artifact"
    table = read_table(folder / "results/people.csv").to_pandas()
    assert table["valence"].notna().sum() > 200
    printed = capsys.readouterr().out
    assert "$ wildaffect train modern --data demo-training/world" in printed
    assert main(["demo-train"]) == 1
    assert "the demo was run here before; choose another folder" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "world").mkdir()
    (tmp_path / "world/notes.txt").write_text("mine")
    assert main(["demo-train", "-o", str(tmp_path)]) == 1
    assert "got notes.txt; choose another folder" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    (tmp_path / "people.mp4").write_text("my video")
    assert main(["demo-train", "-o", str(tmp_path)]) == 1
    assert "people.mp4: this is another file" in capsys.readouterr().err
    assert (tmp_path / "people.mp4").read_text() == "my video"


def test_a_file_in_place_of_the_folder_is_named(tmp_path, capsys):
    (tmp_path / "taken").write_text("x")
    assert main(["demo-train", "-o", str(tmp_path / "taken")]) == 1
    assert f"wildaffect: {tmp_path / 'taken'}" in capsys.readouterr().err
