"""List the recipes by the command that takes them.

Example: wildaffect recipes list --json
"""

import json
from dataclasses import dataclass

from wildaffect.cli.extras import require_train


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `recipes list`."""

    json: bool = False
    """Print the list as JSON on standard output."""


def run(command: Command) -> int:
    """Print one line per recipe."""
    require_train("recipes list")
    from rich.table import Table

    from wildaffect.core.console import Console
    from wildaffect.workflows.recipes import all_recipes

    recipes = all_recipes()
    if command.json:
        rows = [
            {"name": recipe.name, "command": recipe.command, "summary": recipe.summary}
            for recipe in recipes
        ]
        print(json.dumps(rows))
        return 0
    table = Table()
    for heading in ("command", "recipe", "summary"):
        table.add_column(heading, overflow="fold")
    before = ""
    for recipe in recipes:
        table.add_row(
            recipe.command * (recipe.command != before), recipe.name, recipe.summary
        )
        before = recipe.command
    Console(highlight=False, markup=False).print(table)
    return 0
