import json
from dataclasses import replace

import pytest
import torch
from pydantic import TypeAdapter

from wildaffect.core.errors import UsageError
from wildaffect.core.records import write_record
from wildaffect.core.tasks import LabelSpaces
from wildaffect.core.windows import CausalWindow, LeftPaddedWindow
from wildaffect.losses.multitask import build_loss
from wildaffect.losses.statistics import LabelStatistics
from wildaffect.models.build import build_model
from wildaffect.recipes.catalog import RECIPES, find_recipe
from wildaffect.training.core.optimizer import build_optimizer, decay_groups
from wildaffect.training.core.recipe import BestOnDevSplit, OptimConfig
from wildaffect.training.temporal.recipe import TemporalRecipe, load_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_its_file(name, tmp_path):
    recipe = find_recipe(name)
    assert recipe.name == name
    write_record(TypeAdapter(TemporalRecipe), recipe, tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json") == recipe
    assert find_recipe(str(tmp_path / "recipe.json")) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds(name):
    recipe, spaces = find_recipe(name), LabelSpaces()
    with torch.device("meta"):  # shapes without values: some have 145 million weights
        model = build_model(recipe.model, 20, spaces)
    statistics = LabelStatistics(
        class_counts=torch.ones(8).long().numpy(),
        unit_positive=torch.ones(12).long().numpy(),
        unit_total=2 * torch.ones(12).long().numpy(),
    )
    loss = build_loss(recipe.loss, spaces, statistics)
    groups = decay_groups(model, loss, recipe.optim.weight_decay)
    optimizer = build_optimizer(groups, recipe.optim)
    counted = sum(len(group["params"]) for group in optimizer.param_groups)
    assert counted == len([*model.parameters(), *loss.parameters()])


def test_only_matrices_decay():
    recipe = find_recipe("modern")
    model = build_model(recipe.model, 20)
    groups = decay_groups(model, torch.nn.Identity(), recipe.optim.weight_decay)
    optimizer = build_optimizer(groups, recipe.optim)
    decaying, resting = optimizer.param_groups
    assert decaying["weight_decay"] == recipe.optim.weight_decay > 0
    assert resting["weight_decay"] == 0
    assert min(item.ndim for item in decaying["params"]) == 2
    assert max(item.ndim for item in resting["params"]) == 1


def test_a_name_that_is_none_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="no recipe 'abaw4-grue'; did you mean abaw4-gru"):
        find_recipe("abaw4-grue")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row.update(color="red"), "color"),
        (lambda row: row["optim"].update(peak_rate=1), "optim.peak_rate"),
        (
            lambda row: row["model"]["encoder"].update(kind="grue"),
            "model.encoder.*kind|grue",
        ),
        (lambda row: row.pop("window"), "window"),
        (lambda row: row.update(batch_size="many"), "batch_size"),
        (
            lambda row: row.update(batch_size=0),
            "batch_size must be at least 1",
        ),
    ],
)
def test_a_wrong_key_of_a_file_is_named(tmp_path, change, words):
    path = tmp_path / "recipe.json"
    write_record(TypeAdapter(TemporalRecipe), find_recipe("modern"), path)
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))
    with pytest.raises(UsageError, match=f"recipe.json.*({words})"):
        load_recipe(path)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no such file: .*none\.json"):
        load_recipe(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"name": "mod')
    with pytest.raises(UsageError, match=r"half\.json: "):
        load_recipe(tmp_path / "half.json")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"peak_lr": 0.0}, "peak_lr must be above 0"),
        ({"max_grad_norm": float("nan")}, "max_grad_norm must be above 0"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0"),
        ({"betas": (0.9, 1.0)}, r"betas must be in \[0, 1\)"),
        ({"final_lr_ratio": 0.0}, r"final_lr_ratio must be in \(0, 1\]"),
        ({"warmup_ratio": 0.6, "constant_ratio": 0.6}, "must be >= 0 and sum to <= 1"),
        ({"warmup_ratio": -0.1, "constant_ratio": 0.6}, "must be >= 0 and sum to <= 1"),
    ],
)
def test_settings_of_the_optimizer_that_cannot_be_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        OptimConfig(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"num_epochs": 0}, "num_epochs must be at least 1"),
        ({"ema_decay": 1.0}, r"ema_decay must be in \[0, 1\)"),
        ({"input_noise": -1.0}, "input_noise must be at least 0"),
        ({"max_distance_s": float("nan")}, "max_distance_s must be at least 0"),
    ],
)
def test_settings_of_a_recipe_that_cannot_be_are_refused(tiny, fields, words):
    with pytest.raises(ValueError, match=words):
        replace(tiny, **fields)


def test_settings_of_the_selection_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="patience_epochs must be at least 1, got 0"):
        BestOnDevSplit(patience_epochs=0)
    with pytest.raises(ValueError, match=r"share must be in \(0, 1\), got 1"):
        BestOnDevSplit(share=1.0)


def test_windows_of_a_streaming_model_are_trained_side_by_side(tiny):
    causal = CausalWindow(length_s=2.0, delay_s=0.2, max_gap_s=1.0)
    spec = replace(tiny, window=causal).training_window
    assert (spec.length_s, spec.stride_s, spec.max_gap_s) == (2.0, 2.0, 1.0)
    assert not isinstance(spec, LeftPaddedWindow)
    led = replace(tiny, window=replace(causal, lead_step_s=0.5)).training_window
    assert isinstance(led, LeftPaddedWindow)
    assert (led.length_s, led.lead_step_s) == (2.0, 0.5)
    assert tiny.training_window == tiny.window
