"""Flags of commands that begin with the name of a recipe, whose settings are flags too."""

from collections.abc import Callable
from typing import Any

from wildaffect.cli.parser.marks import Invocation


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
        description: Text for help.
        find: Returns a recipe by its name.
        recipes: Names to choose from if the first word is no name.
    """
    if not words or words[0].startswith("-"):
        return Invocation(
            record=record,
            args=words,
            description=description,
            preset={"recipe": None},
            recipes=recipes,
        )
    return Invocation(
        record=record,
        args=words[1:],
        description=description,
        preset={"recipe": find(words[0])},
        settings="recipe",
        first=words[0],
    )
