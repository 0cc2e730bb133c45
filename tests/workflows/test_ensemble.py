import json
import shutil

import numpy as np
import pytest
from pyarrow import csv

from wildaffect.calibration.ensembling import average
from wildaffect.calibration.stored_outputs import load_outputs
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.data.splits import Fold, Splits, save_splits
from wildaffect.training.temporal.ensembles import load_ensemble


@pytest.fixture
def make(trained, tiny_data, tmp_path):
    """Make an ensemble: `make("name", *flags, runs=...)` gives its folder."""

    def made(name, *flags, runs=None, status=0):
        chosen = runs or [trained / "a", trained / "b"]
        words = ["ensemble", *map(str, chosen), "--data", str(tiny_data)]
        assert main([*words, "-o", str(tmp_path / name), *flags]) == status
        return tmp_path / name

    return made


def test_members_and_ensemble_are_printed_side_by_side_and_written(make, capsys):
    folder = make("ens")
    shown = capsys.readouterr().out
    for word in ("sum out", "sum in", "smoothed", "calibrated", "how alike", "2 of 2"):
        assert word in shown
    lines = json.loads((folder / "scores-val.json").read_text())
    names = {line["name"] for line in lines}
    assert len(lines) == len(names) == 3 * 3 * 2
    assert {"a, raw, in sample", "ensemble, calibrated, out of sample"} <= names
    alike = json.loads((folder / "diversity.json").read_text())
    assert alike["members"] == ["a", "b"]
    matrix = np.array(alike["correlation"]["valence"])
    assert matrix.diagonal() == pytest.approx(1.0)
    assert matrix[0, 1] == pytest.approx(matrix[1, 0])


def test_the_outputs_are_the_mean_of_the_members(make, trained):
    folder = make("ens")
    stored = load_outputs(folder / "outputs" / "val.npz").outputs
    runs = [load_outputs(trained / item / "outputs" / "val.npz").outputs for item in "ab"]
    for mine, expected in zip(stored, average(runs), strict=True):
        assert mine.video == expected.video
        for task, values in expected.probs.items():
            np.testing.assert_allclose(mine.probs[task], values, atol=1e-6)


def test_an_ensemble_is_loaded_with_weights_rescaling_and_calibration(make):
    ensemble = load_ensemble(make("ens", "--combine", "centered", "--select", "greedy"))
    weights = [member.weight for member in ensemble.members]
    assert sum(weights) == pytest.approx(1.0)
    assert all(member.rescaled for member in ensemble.members)
    assert ensemble.chosen_on.combine == "centered"
    assert ensemble.chosen_on.videos == ("v0", "v1", "v2", "v3")
    assert len(ensemble.calibration.action_unit_thresholds) == 12


def test_an_ensemble_predicts_what_it_was_scored_by(make, tiny_data, tmp_path):
    folder = make("ens", "--combine", "centered")
    words = ["predict", str(folder), "--data", str(tiny_data), "--split", "val", "--raw"]
    assert main([*words, "-o", str(tmp_path / "tables")]) == 0
    table = csv.read_csv(tmp_path / "tables" / "v2.csv")
    stored = load_outputs(folder / "outputs" / "val.npz").outputs[2]
    np.testing.assert_allclose(table["valence"], stored.probs["valence"], atol=1e-5)
    np.testing.assert_allclose(table["valence_sd"], stored.spread["valence"], atol=1e-5)


def test_the_folder_of_a_cross_validation_stands_for_its_runs(make, trained, tmp_path):
    crossed = tmp_path / "cv"
    for name in "ab":
        shutil.copytree(trained / name, crossed / name)
    folds = (
        Fold(name="a", train=("a0",), val=("a1",)),
        Fold(name="b", train=("a1",), val=("a0",)),
    )
    subjects = {"a0": "a0", "a1": "a1"}
    splits = Splits(kind="subject-disjoint", source="s", subjects=subjects, folds=folds)
    save_splits(splits, crossed / "folds.json")
    ensemble = load_ensemble(make("ens", runs=[crossed]))
    assert [member.trained.run.folder.name for member in ensemble.members] == ["a", "b"]


def test_a_run_that_is_named_twice_is_refused(make, trained, capsys):
    make("ens", runs=[trained / "a", trained / "a"], status=2)
    assert "a: this run is named twice" in capsys.readouterr().err


def test_a_split_that_trained_a_member_is_refused(make, capsys):
    make("ens", "--split", "train", status=2)
    assert "must not have trained a member, got 6 that did" in capsys.readouterr().err


def test_a_run_that_was_trained_anew_since_is_refused(make, trained, tmp_path):
    copies = [shutil.copytree(trained / item, tmp_path / "runs" / item) for item in "ab"]
    folder = make("ens", runs=copies)
    shutil.copy(trained / "b" / "weights.safetensors", copies[0])
    with pytest.raises(UsageError, match="make the ensemble again"):
        load_ensemble(folder)


def test_an_altered_ensemble_file_is_named_with_its_key(make):
    folder = make("ens")
    path = folder / "ensemble.json"
    path.write_text(path.read_text().replace('"combine"', '"combined"'))
    with pytest.raises(
        UsageError, match=r"ensemble.json: invalid ensemble: combine: Field required"
    ):
        load_ensemble(folder)


def test_an_ensemble_that_names_a_run_by_an_absolute_path_is_refused(make):
    path = make("ens") / "ensemble.json"
    record = json.loads(path.read_text())
    record["members"][0]["run"] = "/etc"
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="run must be a relative path, got '/etc'"):
        load_ensemble(path.parent)


def test_the_runs_of_a_cross_validation_do_not_predict_by_themselves(tmp_path):
    (tmp_path / "folds.json").write_text("{}")
    with pytest.raises(
        UsageError, match="make an ensemble of its runs first: wildaffect ensemble"
    ):
        load_ensemble(tmp_path)


@pytest.mark.slow
def test_an_ensemble_is_exported_with_its_members(make, tmp_path):
    folder = make("ens", "--combine", "centered")
    assert main(["export", str(folder), "-o", str(tmp_path / "artifact")]) == 0
    card = (tmp_path / "artifact" / "CARD.md").read_text()
    assert "(centered, all) and calibrated on 4 videos" in card
    assert "| ensemble, calibrated, out of sample |" in card
    manifest = json.loads((tmp_path / "artifact" / "artefact.json").read_text())
    assert [item["weight"] for item in manifest["members"]] == [0.5, 0.5]
    assert all("valence" in item["rescaled"] for item in manifest["members"])
