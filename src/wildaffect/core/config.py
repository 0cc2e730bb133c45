"""Base class of records that are read from files, and error messages for such files."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

_LONGEST_VALUE = 60

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Rejects unknown keys, and numbers that are not finite."""


class Config:
    """Frozen dataclasses that derive from this are read strictly."""

    __slots__ = ()
    __pydantic_config__ = STRICT


def json_values(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as read back from a file: tuples become lists.

    Raises:
        ValueError: If a value cannot be written as JSON.
    """
    try:
        read: dict[str, Any] = json.loads(json.dumps(settings))
    except TypeError as error:
        raise ValueError(f"{name}: settings must be JSON values: {error}") from None
    return read


_UNKNOWN_KEY = {"unexpected_keyword_argument", "extra_forbidden"}
"""Names that pydantic gives to a key that a record does not have."""


class _Invalid(Protocol):
    """The part of pydantic's `ValidationError` that is used here."""

    def errors(self) -> Sequence[Mapping[str, Any]]: ...


def first_problem(error: _Invalid) -> str:
    """Return one line with the place of an error in a document, its rule and its value."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "file"
    message = " ".join(str(first["msg"]).split())
    if first["type"] == "value_error":  # our own rules, which state the value
        return f"{where}: {message.removeprefix('Value error, ')}"
    if first["type"] in _UNKNOWN_KEY:
        message = "unknown key"
    got = repr(first["input"])
    got = got if len(got) <= _LONGEST_VALUE else f"{got[: _LONGEST_VALUE - 3]}..."
    return f"{where}: {message}, got {got}"
