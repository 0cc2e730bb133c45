import json

import numpy as np
import pytest
from pyarrow import csv

from wildaffect.cli.main import main

LIST = "MTL_Challenge_test_set_release.txt"


@pytest.fixture
def predicted(trained, tiny_data, tmp_path):
    """Tables of the validation split."""
    words = ["predict", str(trained / "a"), "--data", str(tiny_data), "--split", "val"]
    assert main([*words, "-o", str(tmp_path / "tables")]) == 0
    return tmp_path / "tables"


def test_evaluating_tables_gives_the_scores_that_training_printed(
    predicted, trained, tiny_data, capsys
):
    capsys.readouterr()
    words = ["evaluate", str(predicted), "--annotations", str(tiny_data)]
    assert main([*words, "--split", "val", "--json", "--resamples", "10"]) == 0
    report = json.loads(capsys.readouterr().out)
    lines = json.loads((trained / "a" / "scores-val.json").read_text())
    printed = next(line["scores"] for line in lines if line["name"] == "calibrated")
    assert report["overall"]["value"] == pytest.approx(printed["score"], abs=1e-6)
    found = {item["name"]: item["value"] for item in report["scores"]}
    assert found["valence.ccc"] == pytest.approx(printed["valence"], abs=1e-6)
    assert found["arousal.ccc"] == pytest.approx(printed["arousal"], abs=1e-6)


def test_a_listed_test_set_becomes_a_submission_without_faults(
    trained, tiny_data, tmp_path, capsys
):
    listed, tables = str(tiny_data / LIST), str(tmp_path / "answers")
    words = ["predict", str(trained / "a"), "--list", listed, "-o", tables]
    assert main([*words, "--features", str(tiny_data / "features")]) == 0
    out = str(tmp_path / "submission.txt")
    assert main(["submit", tables, "--list", listed, "-o", out]) == 0
    assert main(["submit", "--check", out, "--list", listed]) == 0
    assert "no fault; 80 rows" in capsys.readouterr().out


def test_a_whole_store_is_predicted_row_by_row_without_annotations(
    trained, tiny_data, tmp_path
):
    words = ["predict", str(trained / "a"), "--features", str(tiny_data / "features")]
    assert main([*words, "-o", str(tmp_path / "all")]) == 0
    tables = sorted((tmp_path / "all").glob("*.csv"))
    assert len(tables) == 12
    table = csv.read_csv(tables[0])
    assert table["frame"].to_pylist() == list(range(120))
    assert np.isfinite(np.asarray(table["valence"])).all()
    assert np.diff(np.asarray(table["time_s"])) == pytest.approx(1 / 30)


def test_raw_tables_leave_the_calibration_out(predicted, trained, tiny_data, tmp_path):
    words = ["predict", str(trained / "a"), "--data", str(tiny_data), "--split", "val"]
    assert main([*words, "--raw", "-o", str(tmp_path / "raw")]) == 0
    raw = csv.read_csv(tmp_path / "raw" / "v0.csv")
    present = np.asarray(raw["AU04_present"]).astype(bool)
    assert (present == (np.asarray(raw["AU04"]) >= 0.5)).all()
    calibrated = csv.read_csv(predicted / "v0.csv")
    assert raw["p_neutral"].to_pylist() != calibrated["p_neutral"].to_pylist()


def test_whole_tables_are_left_and_cut_ones_are_made_again(
    predicted, trained, tiny_data, capsys
):
    before = {path.name: path.read_bytes() for path in predicted.glob("*.csv")}
    stood = (predicted / "v1.csv").stat().st_mtime_ns
    (predicted / "v0.csv").write_bytes(before["v0.csv"][:500])
    words = ["predict", str(trained / "a"), "--data", str(tiny_data), "--split", "val"]
    assert main([*words, "-o", str(predicted)]) == 0
    assert "1 tables written, 3 left as they were" in capsys.readouterr().out
    assert {p.name: p.read_bytes() for p in predicted.glob("*.csv")} == before
    assert (predicted / "v1.csv").stat().st_mtime_ns == stood
    assert main([*words, "--raw", "-o", str(predicted)]) == 0  # another calibration
    assert "4 tables written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "predict: no frames given; name data or a store of features"),
        (["--data", "d", "--list", "l"], "give either data or a list of frames, not both"),
        (
            ["--features", "s", "--split", "val"],
            "split and layout are only valid with data",
        ),
    ],
)
def test_flags_that_do_not_fit_are_named(words, message, capsys):
    assert main(["predict", "runs/none", *words]) == 2
    assert message in capsys.readouterr().err
