"""Advice of errors in the words of the command line."""

import re

_ARGUMENT = re.compile(r'`(\w+)="?([^`"]*)"?`')
_FLAGS = {"class_map": "map-classes", "rows": "rows-are"}
"""Flags that are not named after the argument of the Python API."""


def in_flags(message: str) -> str:
    """Return an error with flags in place of arguments of the Python API.

    `split="val"` becomes --split val, and `overwrite=True` becomes --overwrite.
    """

    def flag(found: re.Match[str]) -> str:
        name, value = found.groups()
        words = f"--{_FLAGS.get(name, name).replace('_', '-')}"
        return words if value == "True" else f"{words} {value}"

    return _ARGUMENT.sub(flag, message)
