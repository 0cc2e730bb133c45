"""Flags of commands that begin with the name of a recipe, whose settings are flags too."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wildaffect.cli.parser.marks import Invocation
from wildaffect.core.errors import UsageError


def recipe_invocation(
    record: type,
    words: list[str],
    description: str,
    *,
    find: Callable[[str], Any],
    recipes: tuple[str, ...],
) -> Invocation:
    """Return a command with the settings of the recipe that the first word names.

    Args:
        record: Flags of the command; its field `recipe` holds the recipe.
        words: Words after the command.
        description: Text for help, with examples.
        find: Returns a recipe by its name.
        recipes: Names to choose from if the first word is no name.

    Raises:
        UsageError: If the first word names no recipe of the command.
    """
    if not words or words[0].startswith("-"):
        return Invocation(
            record=record,
            args=words,
            description=description,
            preset={"recipe": None},
            recipes=recipes,
        )
    name = words[0]
    if name not in recipes:
        _check_unknown(name, recipes)
    return Invocation(
        record=record,
        args=words[1:],
        description=_about(description, name),
        preset={"recipe": find(name)},
        settings="recipe",
        first=name,
    )


def _about(description: str, name: str) -> str:
    """Return a text with only the examples of a recipe, or else the first one for it."""
    prose, heading, listed = description.partition("Examples:")
    examples = listed.strip().split("\n\n")
    own = [example for example in examples if name in example.split()]
    first = re.sub(r"(wildaffect \w+) \S+", lambda match: f"{match[1]} {name}", examples[0])
    return f"{prose}{heading}\n    " + "\n\n    ".join(map(str.strip, own or [first]))


def _check_unknown(name: str, recipes: tuple[str, ...]) -> None:
    """Raise if it is clear what a word that is no name was meant to be."""
    from wildaffect.workflows.recipes import all_recipes

    of_run = Path(name) / "recipe.json"
    if of_run.is_file():
        raise UsageError(f"{name}: is a folder; its recipe is {of_run}")
    if name.endswith(".json"):
        return
    for recipe in all_recipes():
        if recipe.name == name:
            raise UsageError(f"{name}: is a recipe of `wildaffect {recipe.command}`")
    near = get_close_matches(name, recipes, n=3)
    if near:
        raise UsageError(f"no recipe {name!r}; did you mean {', '.join(near)}?")
