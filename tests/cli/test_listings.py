"""`models` and `recipes`: what they list can be shown, and what they show can be used."""

import json

import pytest

from wildaffect.cli.main import main
from wildaffect.inference.artifact import DEFAULT, EMBEDDED, embedded_names, load_artifact
from wildaffect.recipes.catalog import RECIPES, find_recipe
from wildaffect.workflows.recipes import all_recipes


def test_every_embedded_model_is_listed_with_the_default_first(capsys):
    assert main(["models", "list", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert models[0]["name"] == DEFAULT
    assert {model["name"] for model in models} == set(embedded_names())
    (default,) = (model for model in models if model["name"] == DEFAULT)
    assert default["sha256"] == load_artifact(DEFAULT).digest
    assert default["predicts"] == ["valence", "arousal", "8 expressions", "20 action units"]


def test_the_list_of_models_fits_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert all(name in out for name in embedded_names())


@pytest.mark.parametrize("name", embedded_names())
def test_a_model_is_shown_as_its_card_and_as_its_manifest(name, capsys):
    assert main(["models", "show", name]) == 0
    shown = capsys.readouterr().out
    card, _, origin = shown.partition("\n\n## Origin of every file\n")
    assert card.strip() == (EMBEDDED / name / "CARD.md").read_text().strip()
    assert main(["models", "show", name, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    records = printed.pop("provenance")
    assert printed == json.loads((EMBEDDED / name / "artefact.json").read_text())
    assert {record["sha256"] for record in records} >= {
        member["network"]["sha256"] for member in printed["members"]
    }
    for record in records:
        assert all(record.values())
        assert f"sha256 {record['sha256']}" in origin
        assert f"license: {record['license']}" in origin


def test_a_model_that_is_not_there_is_named(capsys):
    assert main(["models", "show", "defualt"]) == 1
    assert "defualt" in capsys.readouterr().err


def test_every_recipe_is_listed_with_a_summary(capsys):
    assert main(["recipes", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {recipe["name"] for recipe in listed} >= set(RECIPES)
    assert {recipe["command"] for recipe in listed} == {"train", "finetune", "pretrain"}
    assert all(recipe["summary"] for recipe in listed)


@pytest.mark.parametrize("recipe", [recipe.name for recipe in all_recipes()])
def test_every_recipe_is_shown(recipe, capsys):
    assert main(["recipes", "show", recipe]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_recipe_that_was_shown_is_taken_as_a_file(tmp_path, capsys):
    assert main(["recipes", "show", "modern-gru"]) == 0
    path = tmp_path / "mine.json"
    path.write_text(capsys.readouterr().out)
    assert find_recipe(str(path)) == find_recipe("modern-gru")
    assert main(["recipes", "show", str(path)]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_an_unknown_recipe_suggests_the_nearest(capsys):
    assert main(["recipes", "show", "mae-mikro"]) == 2
    assert "did you mean mae-micro" in capsys.readouterr().err
