"""Every recipe by name, with the command that takes it."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from inspect import getdoc
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from wildaffect.core.errors import UsageError
from wildaffect.recipes.catalog import RECIPES
from wildaffect.recipes.images import FINETUNE_RECIPES, PRETRAIN_RECIPES
from wildaffect.recipes.open_real import OPEN_REAL_SYSTEMS
from wildaffect.recipes.pixel_systems import PIXEL_SYSTEMS
from wildaffect.recipes.systems import SYSTEMS
from wildaffect.training.images.recipe import load_image_recipe
from wildaffect.training.temporal.recipe import load_recipe


class ListedRecipe(NamedTuple):
    """A recipe of one command."""

    command: str
    name: str
    summary: str
    make: Callable[[], Any]


def all_recipes() -> tuple[ListedRecipe, ...]:
    """Return the recipes of all commands, those of installed packages too."""
    systems = {name: partial(SYSTEMS.get, name) for name in SYSTEMS}
    by_command: tuple[tuple[str, Mapping[str, Callable[[], Any]]], ...] = (
        ("train", RECIPES.available()),
        ("train", systems),
        ("train", PIXEL_SYSTEMS),
        ("train", OPEN_REAL_SYSTEMS),
        ("finetune", FINETUNE_RECIPES),
        ("pretrain", PRETRAIN_RECIPES),
    )
    return tuple(
        ListedRecipe(
            command=command,
            name=name,
            summary=SYSTEMS[name].title if name in SYSTEMS else _first_line(make),
            make=make,
        )
        for command, recipes in by_command
        for name, make in recipes.items()
    )


def recipe_json(name: str) -> str:
    """Return all settings of a recipe as JSON.

    Args:
        name: Name of a recipe, or the path of a run's `recipe.json`.

    Raises:
        UsageError: If there is no such recipe; the message suggests the nearest name.
    """
    recipe = _find(name)
    return TypeAdapter(type(recipe)).dump_json(recipe, indent=2).decode()


def _find(name: str) -> Any:
    if name.endswith(".json"):
        try:
            return load_recipe(Path(name))
        except UsageError:
            return load_image_recipe(Path(name))
    recipes = {recipe.name: recipe for recipe in all_recipes()}
    if name not in recipes:
        near = get_close_matches(name, recipes, n=3)
        advice = (
            f"did you mean {', '.join(near)}?"
            if near
            else "`wildaffect recipes list` shows all"
        )
        raise UsageError(f"no recipe {name!r}; {advice}")
    return recipes[name].make()


def _first_line(make: Callable[[], Any]) -> str:
    return (getdoc(make) or "").partition("\n")[0]
