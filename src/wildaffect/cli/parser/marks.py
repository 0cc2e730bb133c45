"""Marks on the fields of command records, as in `Annotated[Path, Positional("VIDEO")]`."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Metavar:
    """Name of the value in help, such as SECONDS."""

    text: str


@dataclass(frozen=True, slots=True)
class Positional(Metavar):
    """Argument without a flag."""


SHORT_NAMES = {"--output": "-o"}
"""Short names of flags, in every command that has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A command with the words that follow it.

    Commands whose flags depend on their first word (a recipe) make their own.
    """

    record: type
    """Dataclass of the flags."""
    args: list[str]
    """Words to parse."""
    description: str
    """Text above the flags in help; may end with examples."""
    preset: dict[str, Any] = field(default_factory=dict)
    """Values of fields that are not flags, except for `settings`."""
    settings: str = ""
    """Preset field whose own fields are flags of the command, with these as defaults."""
    first: str = ""
    """First word that is already taken from `args`, for the usage line."""
    recipes: tuple[str, ...] = ()
    """Recipes to choose from, if none is named yet."""
