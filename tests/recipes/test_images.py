"""Every recipe for backbones can be made, stored and built."""

import pytest
from pydantic import TypeAdapter

from wildaffect.core.errors import UsageError
from wildaffect.core.records import write_record
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.pretraining.catalog import MAES
from wildaffect.recipes.images import (
    FINETUNE_RECIPES,
    PRETRAIN_RECIPES,
    find_finetune_recipe,
    find_pretrain_recipe,
)
from wildaffect.training.images.recipe import load_image_recipe

RECIPES = FINETUNE_RECIPES | PRETRAIN_RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_its_file_and_its_network_is_known(name, tmp_path):
    recipe = RECIPES[name]()
    assert recipe.name == name
    write_record(TypeAdapter(type(recipe)), recipe, tmp_path / "recipe.json")
    assert load_image_recipe(tmp_path / "recipe.json") == recipe
    assert backbone_spec(recipe.network).feature_dim > 0


@pytest.mark.parametrize("name", PRETRAIN_RECIPES)
def test_a_recipe_of_pre_training_names_a_backbone_that_has_an_autoencoder(name):
    assert PRETRAIN_RECIPES[name]().network in MAES


def test_a_recipe_of_the_other_kind_is_refused():
    with pytest.raises(UsageError, match="not a pretrain recipe, but one of finetune"):
        find_pretrain_recipe("finetune-vit-b16")
    with pytest.raises(UsageError, match="not a finetune recipe, but one of pretrain"):
        find_finetune_recipe("mae-micro")
