"""Runs of some tasks with windows of their own, from training to an artifact."""

import json

import pytest
from pyarrow import csv

from wildaffect.cli.main import main
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.inference.artifact import load_artifact
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.temporal.ensembles import load_ensemble

RECIPES = ("modern-va", "modern-expr", "modern-au")


@pytest.fixture(scope="module")
def specialists(tiny_data, tmp_path_factory):
    """Runs of three recipes, an epoch each, and the ensemble of them; never change it."""
    folder = tmp_path_factory.mktemp("specialists")
    for name in RECIPES:
        words = ["train", name, "--data", str(tiny_data), "--num-epochs", "1"]
        words += ["--model.encoder.hidden-dim", "8", "--selection.share", "0.5"]
        assert main([*words, "-o", str(folder / name)]) == 0
    runs = [str(folder / name) for name in RECIPES]
    words = ["ensemble", *runs, "--data", str(tiny_data), "--select", "greedy"]
    assert main([*words, "-o", str(folder / "ens")]) == 0
    return folder


def test_the_recipes_share_out_the_tasks():
    found = [find_recipe(name) for name in RECIPES]
    assert sorted(t for item in found for t in item.model.tasks) == sorted(ABAW_TASKS)
    assert [item.window.length_s for item in found] == [18.0, 6.0, 2.0]


def test_a_specialist_is_scored_on_its_own_tasks(specialists):
    lines = json.loads((specialists / "modern-va" / "scores-val.json").read_text())
    assert set(lines[0]["scores"]) == {"valence", "arousal", "score"}


def test_an_ensemble_of_specialists_predicts_every_task(specialists, tiny_data, tmp_path):
    ensemble = load_ensemble(specialists / "ens")
    assert ensemble.tasks == ABAW_TASKS
    assert len(ensemble.members) == 3
    lines = json.loads((specialists / "ens" / "scores-val.json").read_text())
    assert set(lines[-1]["scores"]) == {*map(str, ABAW_TASKS), "score"}
    words = ["predict", str(specialists / "ens"), "--data", str(tiny_data)]
    assert main([*words, "--split", "val", "-o", str(tmp_path)]) == 0
    table = csv.read_csv(tmp_path / "v0.csv")
    for name in ("valence", "p_neutral", "AU04"):
        assert table[name].null_count == 0
    assert table["valence_sd"].null_count == len(table)  # a single member says valence


def test_tasks_and_windows_are_flags_of_any_recipe(tiny_data, tmp_path):
    words = ["train", "modern-frame", "--data", str(tiny_data), "--num-epochs", "1"]
    words += ["--model.tasks", "valence", "arousal", "--window.length-s", "18"]
    assert main([*words, "-o", str(tmp_path / "run")]) == 0
    recipe = find_recipe(str(tmp_path / "run" / "recipe.json"))
    assert recipe.model.tasks == (Task.VALENCE, Task.AROUSAL)
    assert recipe.window.length_s == 18.0


@pytest.mark.slow
def test_an_ensemble_of_specialists_is_exported_with_its_windows(specialists, tmp_path):
    path = tmp_path / "specialists.zip"
    assert main(["export", str(specialists / "ens"), "-o", str(path)]) == 0
    manifest = load_artifact(path).manifest
    windows = [manifest.window_of(member).length_s for member in manifest.members]
    assert windows == [18.0, 6.0, 2.0]
    assert manifest.tasks == ABAW_TASKS
