"""Show every setting of a recipe, as JSON that `train` and the others take.

Examples:
    wildaffect recipes show modern

    wildaffect recipes show modern-gru > mine.json
"""

from dataclasses import dataclass
from typing import Annotated

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `recipes show`."""

    recipe: Annotated[str, Positional("RECIPE")]
    """Name of a recipe, or the `recipe.json` of a run."""


def run(command: Command) -> int:
    """Print the recipe."""
    require_train("recipes show")
    from wildaffect.workflows.recipes import recipe_json

    print(recipe_json(command.recipe))
    return 0
