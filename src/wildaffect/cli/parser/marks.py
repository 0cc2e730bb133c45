"""Marks on the fields of command records, as in `Annotated[Path, Positional("VIDEO")]`."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Positional:
    """Argument without a flag."""

    metavar: str
    """Its name in help, such as VIDEO."""


METAVARS = {
    "--address": "HOST:PORT",
    "--as": "NAME",
    "--backbone": "NAME=RUN",
    "--classes": "CLASS",
    "--data-license": "TEXT",
    "--description": "PATH|NAME",
    "--device": "DEVICE",
    "--feature-sets": "SET",
    "--format": "FORMAT",
    "--fps": "HZ",
    "--images-as": "CONTENT",
    "--inputs": "SET",
    "--interval": "SECONDS",
    "--layout": "LAYOUT",
    "--license": "TEXT",
    "--map-classes": "PATH|documented",
    "--model": "MODEL",
    "--neutral": "FACE",
    "--output": "PATH",
    "--precision": "PRECISION",
    "--probe-split": "SPLIT",
    "--protocol": "PROTOCOL",
    "--reference": "RECIPE",
    "--score-split": "SPLIT",
    "--shard": "I/N",
    "--shift": "SECONDS",
    "--size": "PIXELS",
    "--source": "TEXT",
    "--split": "SPLIT",
    "--start": "SECONDS",
    "--stop": "SECONDS",
    "--summary": "TEXT",
    "--to": "ADDRESS",
    "--train-split": "SPLIT",
    "--version": "VERSION",
    "--weights": "WEIGHTS",
}
"""Names of the values of flags, where the type alone says too little."""

UNITS = {"-s": "SECONDS", "-hz": "HZ", "-deg": "DEGREES", "-px": "PIXELS"}
"""Name of the value by the end of a flag's name."""

TOPICS = {
    "Output options:": (
        *("--output", "--format", "--overlay", "--blur-faces", "--landmarks"),
        *("--blendshapes", "--measurements", "--dtype", "--report", "--overwrite"),
        *("--resume", "--trackers", "--data-license", "--license", "--json", "--quiet"),
    ),
    "Computing options:": (
        *("--device", "--precision", "--threads", "--workers", "--shard", "--decoders"),
        *("--engine", "--address", "--strategy", "--micro-batch-size"),
    ),
}
"""Options that have a group of their own in the help of commands with many."""

SHORT_NAMES = {"--output": "-o"}
"""Short names of flags, in every command that has them."""


def metavar_of(flag: str) -> str:
    """Return the name of the value of a flag; empty for that of its type."""
    unit = next((unit for end, unit in UNITS.items() if flag.endswith(end)), "")
    return METAVARS.get(flag, unit)


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
